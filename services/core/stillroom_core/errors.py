"""The few kinds of error that Stillroom knows; each slice names its own under one of them.

An error carries a stable code for programs, a title and detail for people, and a fix: what to do next.
The API turns any of them into one RFC 9457 problem document.
"""

from collections.abc import Mapping
from typing import Any


class StillroomError(Exception):
    """An expected refusal or failure with words meant for the person who caused it."""

    status = 500

    def __init__(
        self,
        code: str,
        title: str,
        *,
        detail: str = "",
        fix: str = "",
        fields: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{title} {detail}".strip())
        self.code = code
        self.title = title
        self.detail = detail
        self.fix = fix
        self.fields = dict(fields or {})
        self.params = dict(params or {})

    def as_dict(self) -> dict[str, str]:
        """The four texts, as stored with a failed job or fetch."""
        return {"code": self.code, "title": self.title, "detail": self.detail, "fix": self.fix}


class Unauthenticated(StillroomError):
    """Nobody, or not who they say."""

    status = 401


class Forbidden(StillroomError):
    """Known here, but without the permission that the act needs."""

    status = 403


class NotFound(StillroomError):
    """Absent, or belonging to somebody else: the two look the same."""

    status = 404


class Conflict(StillroomError):
    """Right in itself, but not in the present state of things."""

    status = 409


class Invalid(StillroomError):
    """The input cannot be accepted; `fields` names what is wrong where."""

    status = 422


class Throttled(StillroomError):
    """Too many tries in too short a time."""

    status = 429


class Unavailable(StillroomError):
    """Something that we depend on does not answer."""

    status = 503


def not_found(noun: str) -> NotFound:
    """The one answer for what is absent or not yours."""
    return NotFound(
        "not_found",
        f"This {noun} does not exist, or you have no access to it.",
        fix="Check the address, or ask an administrator of the organization for access.",
    )
