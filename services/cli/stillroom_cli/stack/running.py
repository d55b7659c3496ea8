"""Who a process number is: numbers are used again, a number with its start time is not."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ProcessIdentity:
    """A process number and when it started (in whatever unit the system has)."""

    pid: int
    started: str

    def lives(self) -> bool:
        """Whether that very process still runs."""
        return start_time(self.pid) == self.started


def identify(pid: int) -> ProcessIdentity:
    """Names the process so that it can be recognised later."""
    return ProcessIdentity(pid, start_time(pid) or "")


def start_time(pid: int) -> str | None:
    """When the process started; None if it is gone or only waits to be reaped."""
    if Path("/proc/self/stat").exists():
        fields = _stat(pid)
        return None if fields is None or fields[0] in "ZX" else fields[19]
    listing = subprocess.run(
        ["ps", "-o", "stat=,lstart=", "-p", str(pid)], check=False, capture_output=True, text=True
    ).stdout.strip()
    return None if not listing or listing.startswith("Z") else listing.partition(" ")[2].strip()


def children(parent: int) -> list[int]:
    """Direct children, from /proc; nothing where there is no /proc."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(entry.name))
        if fields is not None and int(fields[1]) == parent:
            found.append(int(entry.name))
    return found


def end_leftover(who: ProcessIdentity, patience: float = 3.0) -> bool:
    """Ends a process that an earlier, killed launcher left behind; tells whether there was one."""
    if not who.lives():
        return False
    for number, seconds in ((signal.SIGTERM, patience), (signal.SIGKILL, 5.0)):
        try:
            os.kill(who.pid, number)
        except ProcessLookupError:
            break
        if _gone_within(who, seconds):
            break
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(who.pid, signal.SIGKILL)  # every child of ours leads a group of its own
    return True


def _gone_within(who: ProcessIdentity, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not who.lives():
            return True
        time.sleep(0.05)
    return False


def _stat(pid: int) -> list[str] | None:
    """Fields of /proc/<pid>/stat from the state on (proc(5): the name before it may hold anything)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
