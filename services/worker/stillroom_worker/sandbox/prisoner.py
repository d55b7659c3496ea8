"""A running cell, as the supervisor sees it."""

import asyncio
import contextlib
import json
import os
import select
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from stillroom_worker.sandbox.cell import CellFailed, Level
from stillroom_worker.sandbox.cgroup import Cgroup
from stillroom_worker.sandbox.inside.family import descendants
from stillroom_worker.sandbox.slots import Slot

GONE_SECONDS = 5.0


class Prisoner:
    """One started program with its outputs, until `verify_gone`, which must be called in the end.

    `stdout`, `stderr` and `events` are plain streams without bounds of their own beyond backpressure.
    """

    def __init__(
        self,
        *,
        level: Level,
        process: asyncio.subprocess.Process,
        events: asyncio.StreamReader,
        status: asyncio.StreamReader,
        control: int,
        cgroup: Cgroup | None,
        slot: Slot | None,
        close: Callable[[], None],
    ) -> None:
        assert process.stdout is not None  # noqa: S101 - it was started with pipes
        assert process.stderr is not None  # noqa: S101
        self.level = level
        self.process = process
        self.stdout = process.stdout
        self.stderr = process.stderr
        self.events = events
        self._status = status
        self._control: int | None = control
        self._cgroup = cgroup
        self._slot = slot
        self._close = close
        self._returncode: int | None = None
        self._out_of_memory = False
        self._reading = asyncio.Lock()
        self._init: int | None = None

    @property
    def returncode(self) -> int | None:
        """As in `subprocess`: the exit status, or the negative signal number; None while it runs."""
        return self._returncode

    @property
    def uid(self) -> int | None:
        """The uid that this job alone has; None where it shares the worker's."""
        return self._slot.uid if self._slot else None

    @property
    def memory_is_bounded(self) -> bool:
        """Whether a control group bounds the job's memory as a whole."""
        return self._cgroup is not None and self._cgroup.memory is not None

    def limit_hit(self) -> Literal["memory", "cpu"] | None:
        """Which limit ended the program, once it has ended, as far as the kernel tells."""
        if self._out_of_memory or (self._cgroup is not None and self._cgroup.out_of_memory()):
            return "memory"
        return "cpu" if self._returncode == -signal.SIGXCPU else None

    async def started(self) -> None:
        """Wait until the program runs; raises CellFailed with the reason when it does not."""
        line = await self._status.readline()
        word = _word(line)
        if "started" in word:
            if self.level is Level.BWRAP:
                self._init = _pidfd_of_init(self.process.pid)
            return
        await self.process.wait()
        said = (await self.stderr.read(4096)).decode(errors="replace").strip()
        raise CellFailed(str(word.get("failed") or said or "The cell ended before the program started."))

    def signal(self, number: int) -> None:
        """Send a signal to the program's process group; SIGKILL ends every process of the job."""
        if number == signal.SIGKILL:
            self.kill()
        else:
            self._order(number)

    def terminate(self) -> None:
        """Ask the program's process group to end."""
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        """End every process of the job, those that left the group too."""
        if self.level is Level.BWRAP:
            # The namespace of processes dies with bwrap, and nothing can leave it.
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
        else:
            self._order(signal.SIGKILL)
        if self._cgroup is not None:
            self._cgroup.kill()

    async def wait(self) -> int:
        """Wait until the program has ended, and what it left behind too; its exit status or -signal."""
        await self.process.wait()
        async with self._reading:
            if self._returncode is None:
                word = _word(await self._status.readline())
                # Without a last word the cell was killed from outside, or by the kernel.
                self._returncode = word.get("exit", -signal.SIGKILL)
        self._out_of_memory = self.limit_hit() == "memory"
        return self._returncode

    async def verify_gone(self) -> None:
        """Kill what is left, wait for it, and prove that no process of the job exists.

        Afterwards the streams end and the job's private folder is deleted. Raises CellFailed when something
        survived; then the host needs a human.
        """
        self.kill()
        try:
            async with asyncio.timeout(GONE_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self._kill_family()
            await self.process.wait()
        await self.wait()
        survivors = await self._survivors()
        self._dispose()
        if survivors:
            raise CellFailed(f"{survivors} processes of the job cannot be ended.")

    async def _survivors(self) -> int:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + GONE_SECONDS
        while (left := self._left()) and loop.time() < deadline:
            if self._cgroup is not None:
                self._cgroup.kill()
            with contextlib.suppress(OSError):
                os.killpg(self.process.pid, signal.SIGKILL)
            await asyncio.sleep(0.01)
        return left

    def _left(self) -> int:
        if self._cgroup is not None:
            return len(self._cgroup.pids())
        if self._init is not None:
            # A namespace's first process ends only after every other one in it.
            ended, _, _ = select.select([self._init], [], [], 0)
            return 0 if ended else 1
        if self._slot is not None:
            return 0 if self._slot.is_empty() else 1
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return 0
        except PermissionError:
            pass
        return 1

    def _kill_family(self) -> None:
        """The warden does not answer: do from here what it should have done."""
        for pid in (*descendants(self.process.pid), self.process.pid):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def _order(self, number: int) -> None:
        if self._control is not None:
            with contextlib.suppress(OSError):
                os.write(self._control, bytes([number]))

    def _dispose(self) -> None:
        if self._control is not None:
            os.close(self._control)
            self._control = None
        if self._init is not None:
            os.close(self._init)
            self._init = None
        if self._cgroup is not None:
            self._cgroup.remove()
        self._close()


def _pidfd_of_init(bwrap: int) -> int | None:
    """A handle on the first process of the cell's namespace, which is bwrap's only child."""
    try:
        children = Path(f"/proc/{bwrap}/task/{bwrap}/children").read_text().split()
    except FileNotFoundError:  # a kernel without that file, or bwrap has ended
        children = [str(pid) for pid in sorted(descendants(bwrap))]
    try:
        return os.pidfd_open(int(children[0])) if children else None
    except OSError:
        return None  # it has ended already


def _word(line: bytes) -> dict[str, int]:
    try:
        word = json.loads(line)
    except ValueError:
        return {}
    return word if isinstance(word, dict) else {}
