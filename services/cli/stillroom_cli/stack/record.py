"""What the launcher writes down about itself: who holds the stack, where it is, whom it started."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from stillroom_cli.stack.layout import Layout
from stillroom_cli.stack.running import ProcessIdentity, identify


@dataclass(frozen=True)
class Record:
    """The last launcher's notes. They are true only while its process lives."""

    launcher: ProcessIdentity
    url: str
    ready: bool
    processes: Mapping[str, ProcessIdentity]


def hold_lock(layout: Layout) -> IO[str] | None:
    """The lock of this installation, held until closed; None if another launcher holds it."""
    file = layout.lock.open("a")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def write_record(layout: Layout, url: str, ready: bool, pids: Mapping[str, int]) -> None:
    """Replaces the notes; called whenever a process was started."""
    content = {
        "launcher": _plain(identify(os.getpid())),
        "url": url,
        "ready": ready,
        "processes": {name: _plain(identify(pid)) for name, pid in pids.items()},
    }
    unfinished = layout.state.with_suffix(".new")
    unfinished.write_text(json.dumps(content, indent=1))
    unfinished.rename(layout.state)


def read_record(layout: Layout) -> Record | None:
    """The notes, or None when there are none that can be read."""
    try:
        content = json.loads(layout.state.read_text())
        return Record(
            _identity(content["launcher"]),
            content["url"],
            content["ready"],
            {name: _identity(entry) for name, entry in content["processes"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def running_record(layout: Layout) -> Record | None:
    """The notes of a launcher that lives."""
    record = read_record(layout)
    return record if record is not None and record.launcher.lives() else None


def forget_record(layout: Layout) -> None:
    """After an orderly stop there is nothing to clean up."""
    layout.state.unlink(missing_ok=True)


def _plain(who: ProcessIdentity) -> dict[str, object]:
    return {"pid": who.pid, "started": who.started}


def _identity(entry: Mapping[str, object]) -> ProcessIdentity:
    return ProcessIdentity(int(str(entry["pid"])), str(entry["started"]))
