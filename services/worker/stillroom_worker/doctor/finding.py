"""What one look found."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    WRONG = "wrong"


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: what was found, and what to do about it."""

    what: str
    state: State
    found: str
    fix: str = ""


def ok(what: str, found: str) -> Finding:
    """As it should be."""
    return Finding(what, State.OK, found)


def warning(what: str, found: str, fix: str) -> Finding:
    """Works, and should not stay so."""
    return Finding(what, State.WARNING, found, fix)


def wrong(what: str, found: str, fix: str) -> Finding:
    """Does not work."""
    return Finding(what, State.WRONG, found, fix)
