"""The chain of the audit log: each entry's hash covers the hash of the one before it.

The hash is SHA-256 over the entry as JSON: keys sorted, no spaces, ASCII only, UTC times with microseconds,
ids in lower case, and `previous` as hex. docs/audit.md says the same for whoever verifies without us.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from stillroom_core.audit.models import AuditEntry

BEGINNING = bytes(32)  # what the first entry of an organization names as the one before it

_TOLD = (
    "organization_id",
    "number",
    "at",
    "actor_kind",
    "actor_id",
    "actor_name",
    "token_id",
    "token_name",
    "address",
    "request_id",
    "action",
    "outcome",
    "reason",
    "subject_kind",
    "subject_id",
    "subject_name",
    "project_id",
    "database_id",
    "before",
    "after",
)


def content_of(entry: AuditEntry) -> dict[str, Any]:
    """Everything that an entry tells, as JSON has it, without its hashes."""
    return {name: _plain(getattr(entry, name)) for name in _TOLD}


def hash_of(entry: AuditEntry) -> bytes:
    """What the entry's hash must be."""
    content = {**content_of(entry), "previous": entry.previous_hash.hex()}
    return hashlib.sha256(json.dumps(content, sort_keys=True, separators=(",", ":")).encode()).digest()


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | dict):
        return value
    if hasattr(value, "isoformat"):
        return value.isoformat(timespec="microseconds")
    return str(value)


@dataclass(frozen=True)
class Break:
    """Where the chain does not hold, and how that shows."""

    number: int
    reason: str  # changed; missing; unlinked: it does not follow from the one before


@dataclass
class Chain:
    """A chain that is followed entry by entry, from the first."""

    number: int = 0
    head: bytes = BEGINNING
    broken: Break | None = None

    def follow(self, entries: Iterable[AuditEntry]) -> None:
        """Takes the next entries in their order; the first fault is kept and ends the looking."""
        for entry in entries:
            if self.broken is not None:
                return
            if entry.number > self.number + 1:
                self.broken = Break(self.number + 1, "missing")
            elif entry.number <= self.number or entry.previous_hash != self.head:
                self.broken = Break(entry.number, "unlinked")
            elif hash_of(entry) != entry.hash:
                self.broken = Break(entry.number, "changed")
            else:
                self.number, self.head = entry.number, entry.hash
