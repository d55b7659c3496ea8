"""Follows the chain of an exported audit log, without trusting the server's own verification.

Each entry's `hash` is SHA-256 over the entry without it, as JSON with sorted keys and no spaces; `previous` is the
hash of the entry before it, and of the first one 64 zeros. docs/audit.md describes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

BEGINNING = "0" * 64


@dataclass(frozen=True)
class Followed:
    """How far the chain holds: the last good entry, its hash, and where and why it breaks."""

    entries: int
    head: str
    broken_at: int | None = None
    reason: str = ""


def follow(entries: Iterable[Mapping[str, Any]], *, remembered: tuple[int, str] | None = None) -> Followed:
    """Takes entries oldest first. `remembered` is a number and hash noted earlier, which must still be there."""
    number, head = 0, BEGINNING
    for entry in entries:
        at = int(entry["number"])
        if at > number + 1:
            return Followed(number, head, number + 1, "missing")
        if at <= number or entry["previous"] != head:
            return Followed(number, head, at, "unlinked")
        content = {name: value for name, value in entry.items() if name != "hash"}
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        if hashlib.sha256(text.encode()).hexdigest() != entry["hash"]:
            return Followed(number, head, at, "changed")
        number, head = at, str(entry["hash"])
        if remembered is not None and remembered[0] == at and remembered[1] != head:
            return Followed(number, head, at, "changed")
    if remembered is not None and remembered[0] > number:
        return Followed(number, head, number + 1, "missing")
    return Followed(number, head)
