"""The processes that a job has started, found and ended without any of them being asked."""

import contextlib
import os
import signal
import time
from pathlib import Path

ROUNDS_SECONDS = 5.0


def descendants(root: int) -> set[int]:
    """Every process below `root`, by the parents that /proc names; empty where there is no /proc."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            # The name in parentheses may hold anything, a closing parenthesis too.
            fields = entry.read_text(errors="replace").rpartition(")")[2].split()
            children.setdefault(int(fields[1]), []).append(int(entry.parent.name))
        except (OSError, IndexError, ValueError):
            continue  # it ended while we looked
    found: set[int] = set()
    waiting = [root]
    while waiting:
        for child in children.get(waiting.pop(), ()):
            if child not in found:
                found.add(child)
                waiting.append(child)
    return found


def kill_descendants(root: int, *, whole_uid: bool) -> bool:
    """Kill until nothing is left below `root`; False where something would not go in time.

    `whole_uid`: this process has a uid of its own, so one call of the kernel reaches everything that the job
    has, and a fork bomb cannot outrun it.
    """
    deadline = time.monotonic() + ROUNDS_SECONDS
    while time.monotonic() < deadline:
        if whole_uid:
            with contextlib.suppress(OSError):
                os.kill(-1, signal.SIGKILL)
        left = descendants(root)
        for pid in left:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        if root == os.getpid():
            reap()
        if not left:
            return True
    return False


def reap() -> dict[int, int]:
    """Collect the children that have ended, as pid → wait status."""
    ended: dict[int, int] = {}
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return ended
        if pid == 0:
            return ended
        ended[pid] = status
