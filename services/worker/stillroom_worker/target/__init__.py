"""The target database on connections of our own: its lock, its heads, its truth."""

from stillroom_worker.target.connection import connect
from stillroom_worker.target.lock import DatabaseLock, try_lock
from stillroom_worker.target.truth import Truth, read_truth

__all__ = ["DatabaseLock", "Truth", "connect", "read_truth", "try_lock"]
