"""Runs uv (and what it builds): confined, timed, its lines passed on as they come."""

from __future__ import annotations

import asyncio
import re
import shutil
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from stillroom_core.masking import masked
from stillroom_worker.lines import one_by_one
from stillroom_worker.sandbox import start
from stillroom_worker.virtualenv.confine import Walls
from stillroom_worker.virtualenv.failure import VirtualenvFailed

OnLine = Callable[[str], Awaitable[None]]

_CONTROL = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_USERINFO = re.compile(r"(?<=://)[^/@\s'\"]+(?=@)")
_LONGEST_LINE = 2000
_LONGEST_READ = 65536
_LAST_WORDS = 40
_MOST_WORDS = 4 * 1024 * 1024
_NETWORK = re.compile(
    r"error sending request|dns error|tcp connect error|connection (?:refused|reset)|operation timed out"
    r"|network connectivity is disabled|failed to lookup address|request failed after|certificate"
    r"|HTTP status server error|401 Unauthorized|403 Forbidden",
    re.IGNORECASE,
)
_RESOLUTION = re.compile(r"no solution found|not found in the (?:package registry|cache)|hash mismatch", re.IGNORECASE)
_LOCK = re.compile(
    r"failed to parse `?uv\.lock|unsupported lockfile|lockfile (?:version|needs)|unable to find lockfile", re.I
)


def uv_program() -> Path:
    """Find uv: beside this interpreter, where it is installed with the worker, else on PATH."""
    beside = Path(sys.executable).parent / "uv"
    if beside.exists():
        return beside
    found = shutil.which("uv")
    if found is None:
        raise VirtualenvFailed("build_failed", "The worker has no uv", "", "Install the worker's dependencies.")
    return Path(found)


@dataclass
class Toolbox:
    """How the commands of one installation run: where, seen by whom, until when."""

    env: dict[str, str]
    walls: Walls
    cwd: Path
    on_line: OnLine
    deadline: float
    time_limit: timedelta
    _said: int = 0

    async def uv(self, *words: str, quiet: bool = False, env: dict[str, str] | None = None) -> list[str]:
        """Run uv and give its lines of standard output. Raises VirtualenvFailed with its last words."""
        return await self.run([str(uv_program()), *words], quiet=quiet, env=env)

    async def run(self, argv: Sequence[str], *, quiet: bool = False, env: dict[str, str] | None = None) -> list[str]:
        """Run a command to its end; nothing of its group survives this call."""
        prisoner = await start(self.walls.cell(argv, self.env | (env or {}), self.cwd), self.walls.level)
        output: list[str] = []
        words: deque[str] = deque(maxlen=_LAST_WORDS)
        try:
            async with asyncio.timeout(max(self.deadline - time.monotonic(), 0.001)):
                *_, code = await asyncio.gather(
                    self._pass_on(prisoner.stdout, output, None if quiet else words),
                    self._pass_on(prisoner.stderr, None, words),
                    prisoner.wait(),
                )
        except TimeoutError:
            raise VirtualenvFailed(
                "timeout",
                "Installing the packages took too long",
                "\n".join([f"Stopped after {self.time_limit}.", *words]),
                "Try again; if the project is large, ask the operator for a longer limit.",
            ) from None
        finally:
            await prisoner.verify_gone()
        if code != 0:
            raise explain("\n".join(words), code)
        return output

    async def _pass_on(self, stream: asyncio.StreamReader, output: list[str] | None, words: deque[str] | None) -> None:
        async for raw in one_by_one(stream, _LONGEST_READ):
            line = clean(raw)
            self._said += len(line)
            if self._said > _MOST_WORDS:
                continue  # read to its end, so that the program does; nobody reads so much
            if output is not None:
                output.append(line)
            if words is not None and line.strip() and not line.startswith("Using Python "):
                words.append(line)
                await self.on_line(line)


def clean(line: bytes) -> str:
    """Make a line of a tool fit to show: no control characters, no passwords of indexes, bounded."""
    text = line[: _LONGEST_LINE * 4].decode("utf-8", "replace")
    return _USERINFO.sub("***", masked(_CONTROL.sub("", text))).rstrip()[:_LONGEST_LINE]


def explain(words: str, code: int) -> VirtualenvFailed:
    """Turn the last words of a command that failed into the error to raise."""
    if _LOCK.search(words):
        return VirtualenvFailed(
            "lock_unsupported", "The lock cannot be used", words, "Make the lock anew with a current tool."
        )
    if _RESOLUTION.search(words):
        return VirtualenvFailed(
            "resolution_failed",
            "The packages do not fit together",
            words,
            "Lock the project's dependencies, or correct the versions named above.",
        )
    if _NETWORK.search(words) and "build backend" not in words.lower():
        return VirtualenvFailed(
            "index_unreachable",
            "The package index could not be reached",
            words,
            "Try again; the operator sets the index, the proxy and the certificates.",
        )
    return VirtualenvFailed(
        "build_failed",
        "A package could not be built or installed",
        words or f"The installer ended with code {code}.",
        "Use a Python version for which the package is published ready-made, or install what its build needs.",
    )
