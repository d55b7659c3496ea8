"""A worker that is told to go: it takes no more, and its jobs have a bounded time to end.

SIGTERM reaches the parent; the processes of its pool, where the jobs are, learn it from memory that they share with it
since they were forked. When the time has passed, a job whose code has not begun goes back into the queue, and any
other is stopped as by a cancel, so that its end is known and not lost.
"""

import mmap
import struct
from datetime import timedelta
from time import monotonic  # one clock for all processes of a machine

_shared = mmap.mmap(-1, 8)
_FORM = "d"


def begin(bound: timedelta) -> None:
    """From now on jobs have so long to end; a second call changes nothing."""
    if not draining():
        struct.pack_into(_FORM, _shared, 0, monotonic() + bound.total_seconds())


def draining() -> bool:
    """Whether this worker has been told to go."""
    return _deadline() > 0


def overdue() -> bool:
    """Whether the time of the jobs has passed."""
    return draining() and monotonic() >= _deadline()


def forget() -> None:
    """As before; for tests, which share a process."""
    struct.pack_into(_FORM, _shared, 0, 0.0)


def _deadline() -> float:
    deadline: float = struct.unpack_from(_FORM, _shared, 0)[0]
    return deadline
