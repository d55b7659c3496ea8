"""The target database on connections of our own: its lock, its heads, its truth."""

from stillroom_worker.target.connection import SESSION_BROKE, connect, reach
from stillroom_worker.target.identity import Server, read_server, refuse_another, refuse_unwritable
from stillroom_worker.target.lock import DatabaseLock, try_lock
from stillroom_worker.target.reading import glance, patience, reading
from stillroom_worker.target.truth import Truth, read_truth
from stillroom_worker.target.unencoded import name_from

__all__ = [
    "SESSION_BROKE",
    "DatabaseLock",
    "Server",
    "Truth",
    "connect",
    "glance",
    "name_from",
    "patience",
    "reach",
    "read_server",
    "read_truth",
    "reading",
    "refuse_another",
    "refuse_unwritable",
    "try_lock",
]
