"""The descriptors that one start hands over, so that none of them stays open in the worker."""

import contextlib
import os
from types import TracebackType


class Descriptors:
    """Collects what the new process inherits (`passed`); leaving the block closes our copies."""

    def __init__(self) -> None:
        self.passed: list[int] = []
        self._kept: list[int] = []

    def __enter__(self) -> "Descriptors":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for descriptor in (*self.passed, *(self._kept if error else ())):
            with contextlib.suppress(OSError):
                os.close(descriptor)

    def hold(self, content: bytes) -> int:
        """A descriptor from which the new process reads `content`; in memory, never on a disk."""
        descriptor = os.memfd_create("stillroom")
        self.passed.append(descriptor)
        with os.fdopen(os.dup(descriptor), "wb") as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor

    def pipe_to(self) -> tuple[int, int]:
        """A pipe that the new process reads: (its end, ours)."""
        reading, writing = os.pipe()
        self.passed.append(reading)
        self._kept.append(writing)
        return reading, writing

    def pipe_from(self) -> tuple[int, int]:
        """A pipe that the new process writes: (its end, ours)."""
        reading, writing = os.pipe()
        self.passed.append(writing)
        self._kept.append(reading)
        return writing, reading
