"""The request that the worker writes to the runner."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypedDict, get_args

PROTOCOL: Final = 1
"""Raised when a change would be misread by the other side; new optional fields do not count."""

MAX_SQL: Final = 64 * 1024
"""Characters of one statement that an event carries at most."""

Kind = Literal["upgrade", "downgrade", "stamp", "current", "check", "graph", "revision", "command"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)


class Session(TypedDict):
    """What is set in the migration's own session; None leaves the server's value alone."""

    application_name: str
    lock_timeout_ms: int | None
    statement_timeout_ms: int | None
    idle_timeout_ms: int | None


class NewRevision(TypedDict):
    """What is to be written: on top of `heads` (none: a base of its own), compared with the database or empty."""

    message: str
    rev_id: str | None
    heads: list[str]
    autogenerate: bool


class Request(TypedDict):
    """The one JSON object that the runner reads; docs/runner-protocol.md explains each field."""

    protocol: int
    job: str
    kind: Kind
    target: str | None
    purge: bool
    expected: list[str] | None
    config_file: str | None
    section: str
    ini_text: str | None
    ini_overrides: dict[str, str]
    x: list[str]
    attributes: dict[str, Any]
    revision: NewRevision | None
    command: list[str] | None
    session: Session
    transaction_per_migration: bool | None
    dialect: str | None
    max_sql: int


def build_request(
    *,
    job: str,
    kind: Kind,
    target: str | None = None,
    purge: bool = False,
    expected: Sequence[str] | None = None,
    config_file: str | None = None,
    section: str = "alembic",
    ini_text: str | None = None,
    ini_overrides: Mapping[str, str] | None = None,
    x: Sequence[str] = (),
    attributes: Mapping[str, Any] | None = None,
    revision: NewRevision | None = None,
    command: Sequence[str] | None = None,
    application_name: str | None = None,
    lock_timeout_ms: int | None = None,
    statement_timeout_ms: int | None = None,
    idle_timeout_ms: int | None = None,
    transaction_per_migration: bool | None = None,
    dialect: str | None = "postgresql",
    max_sql: int = MAX_SQL,
) -> bytes:
    """Give the bytes to write to the runner's request descriptor.

    Timeouts are milliseconds as PostgreSQL counts them (0 means without limit);
    application_name defaults to `stillroom:<job>`. Raises ValueError when the kind
    lacks what it needs, so that a mistake is found before a process starts.
    """
    if kind not in KINDS:
        raise ValueError(f"unknown kind of run: {kind!r}")
    if kind in ("upgrade", "downgrade", "stamp") and not target:
        raise ValueError(f"{kind} needs a target revision")
    if kind == "revision" and revision is None:
        raise ValueError("a revision needs to be told of")
    if kind == "command" and not command:
        raise ValueError("a command needs its argument list")
    for name, value in (
        ("lock_timeout_ms", lock_timeout_ms),
        ("statement_timeout_ms", statement_timeout_ms),
        ("idle_timeout_ms", idle_timeout_ms),
    ):
        if value is not None and value < 0:
            raise ValueError(f"{name} cannot be negative")
    request = Request(
        protocol=PROTOCOL,
        job=job,
        kind=kind,
        target=target,
        purge=purge,
        expected=None if expected is None else list(expected),
        config_file=config_file,
        section=section,
        ini_text=ini_text,
        ini_overrides=dict(ini_overrides or {}),
        x=list(x),
        attributes=dict(attributes or {}),
        revision=revision,
        command=list(command) if command else None,
        session=Session(
            application_name=application_name or f"stillroom:{job}",
            lock_timeout_ms=lock_timeout_ms,
            statement_timeout_ms=statement_timeout_ms,
            idle_timeout_ms=idle_timeout_ms,
        ),
        transaction_per_migration=transaction_per_migration,
        dialect=dialect,
        max_sql=max(0, min(max_sql, MAX_SQL)),
    )
    return json.dumps(request).encode()
