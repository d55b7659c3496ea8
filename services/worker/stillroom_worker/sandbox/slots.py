"""A uid of its own for each job, where the worker runs as root."""

import os
import socket
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

# Nobody's by convention: systemd's table of uids leaves this range unused.
FIRST, LAST = 60578, 61183


@dataclass(frozen=True)
class Slot:
    """One uid (and gid) that only one job at a time has, until `release`."""

    uid: int
    lock: socket.socket

    def release(self) -> None:
        self.lock.close()

    def is_empty(self) -> bool:
        """Whether no process has this uid."""
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if entry.stat().st_uid == self.uid and not _is_zombie(entry):
                    return False
            except OSError:
                continue
        return True


def acquire(paths: Iterable[Path]) -> Slot | None:
    """A slot whose uid can read `paths`; None where the worker is not root, or they are private to it.

    The lock is an abstract socket: it needs no writable folder, and ends with the worker.
    """
    if os.geteuid() != 0 or not all(is_public(path) for path in paths):
        return None
    for uid in range(FIRST, LAST + 1):
        lock = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        try:
            lock.bind(f"\0stillroom-slot-{uid}")
        except OSError:
            lock.close()
            continue
        slot = Slot(uid, lock)
        if slot.is_empty():
            return slot
        slot.release()
    return None


def is_public(path: Path) -> bool:
    """Whether anybody may go through every folder above and read what is there."""
    try:
        mode = path.stat().st_mode
        needed = 0o005 if stat.S_ISDIR(mode) else 0o004
        above = path.resolve().parents
        return bool(mode & needed == needed) and all(folder.stat().st_mode & 0o001 for folder in above)
    except OSError:
        return False


def _is_zombie(entry: Path) -> bool:
    try:
        return (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()[0] in "ZX"
    except (OSError, IndexError):
        return True
