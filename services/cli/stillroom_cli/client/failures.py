"""What can stop a command, and the exit code that says so."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any


class Exit(IntEnum):
    """What the command's exit code means; docs/cli.md shows the same table."""

    DONE = 0
    JOB_FAILED = 1
    USAGE = 2
    NEEDS_APPROVAL = 3
    REFUSED = 4
    INTERRUPTED = 130


EXIT_MEANINGS: dict[Exit, str] = {
    Exit.DONE: "Done; with --wait: the job succeeded.",
    Exit.JOB_FAILED: "The job failed, was cancelled or was lost; the gate is closed; `plan --check` found a danger.",
    Exit.USAGE: "The command line is not understood, or something it needs is missing.",
    Exit.NEEDS_APPROVAL: "Others must approve it first; the request is made, and its link is printed.",
    Exit.REFUSED: "The server refused, or could not be reached.",
    Exit.INTERRUPTED: "Ctrl-C. A job that runs already goes on: cancel it with `stillroom cancel`.",
}


class Failure(Exception):
    """Stops a command: a title, and if there are any, a detail, faulty fields and a fix."""

    exit = Exit.REFUSED

    def __init__(self, title: str, *, detail: str = "", fix: str = "", fields: Sequence[tuple[str, str]] = ()) -> None:
        super().__init__(title)
        self.title = title
        self.detail = detail
        self.fix = fix
        self.fields = tuple(fields)


class Misused(Failure):
    """The command line lacks something or contradicts itself."""

    exit = Exit.USAGE


class Unreachable(Failure):
    """No server answers at the address."""


class SignedOut(Failure):
    """There is no sign-in for this server, or it has ended."""


class Refused(Failure):
    """The server answered with a problem document (RFC 9457)."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(
            str(problem.get("title") or f"The server answered {status}."),
            detail=str(problem.get("detail") or ""),
            fix=str(problem.get("fix") or ""),
            fields=_fields(problem.get("errors")),
        )
        self.status = status
        self.code = str(problem.get("code") or "")
        params = problem.get("params")
        self.params: Mapping[str, Any] = params if isinstance(params, dict) else {}
        self.request_id = str(problem.get("request_id") or "")


def _fields(errors: object) -> list[tuple[str, str]]:
    if not isinstance(errors, list):
        return []
    return [(str(entry.get("field", "")), str(entry.get("message", ""))) for entry in errors if isinstance(entry, dict)]
