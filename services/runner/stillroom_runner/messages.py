"""The messages between the worker and the runner, and the reading of untrusted lines.

The runner's side is written by a tenant's process, so every line is measured,
decoded, checked field by field and cut to size here; what does not fit is
dropped, never raised. docs/runner-protocol.md describes the same names for
people; a test compares the two.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NoReturn, cast, get_args

from .events import (
    ERROR_KINDS,
    Check,
    CommandFinished,
    CommandMode,
    CommandStarted,
    Context,
    Direction,
    Done,
    Error,
    ErrorKind,
    Event,
    Graph,
    GraphRevision,
    Heads,
    Hello,
    Plan,
    PlannedStep,
    PlanNote,
    StatementFailed,
    StatementFinished,
    StatementStarted,
    StepFailed,
    StepFinished,
    StepStarted,
    Transaction,
    TransactionWhat,
    Written,
)
from .request import KINDS, MAX_SQL, PROTOCOL, Kind, NewRevision, Request, Session, build_request

__all__ = [
    "ERROR_KINDS",
    "EVENT_FIELDS",
    "EVENT_TYPES",
    "KINDS",
    "MAX_LINE",
    "MAX_MESSAGE",
    "MAX_NAME",
    "MAX_PATH",
    "MAX_REVISION",
    "MAX_SQL",
    "MAX_STEPS",
    "PROTOCOL",
    "Check",
    "CommandFinished",
    "CommandMode",
    "CommandStarted",
    "Context",
    "Direction",
    "Done",
    "Error",
    "ErrorKind",
    "Event",
    "Graph",
    "GraphRevision",
    "Heads",
    "Hello",
    "Kind",
    "NewRevision",
    "Plan",
    "PlanNote",
    "PlannedStep",
    "Rejected",
    "Request",
    "Session",
    "StatementFailed",
    "StatementFinished",
    "StatementStarted",
    "StepFailed",
    "StepFinished",
    "StepStarted",
    "Transaction",
    "TransactionWhat",
    "Written",
    "build_request",
    "inspect",
    "parse",
]

MAX_LINE: Final = 4 * 1024 * 1024
"""Bytes of one event line with its newline; use it as the limit of the stream reader."""

MAX_MESSAGE: Final = 16 * 1024
"""Characters of an error's message and of its traceback."""

MAX_REVISION: Final = 256 * 1024
"""Characters of a revision file that is written."""

MAX_NAME: Final = 512
MAX_PATH: Final = 4096
MAX_STEPS: Final = 20_000
MAX_LIST: Final = 2000
MAX_COUNT: Final = 2**53

# NUL cannot be stored by PostgreSQL, lone surrogates not by anybody; ESC and its kin rewrite terminals.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")

Checker = Callable[[Any], Any]


@dataclass(frozen=True)
class Rejected:
    """A line that is no event, and why in one short sentence without its content."""

    reason: str


def parse(line: bytes) -> Event | None:
    """Give the event of one line, or None when it is not one."""
    event = inspect(line)
    return None if isinstance(event, Rejected) else event


def inspect(line: bytes) -> Event | Rejected:
    """Give the event of one line, or the reason why it is not one."""
    if len(line) > MAX_LINE:
        return Rejected("the line is too long")
    try:
        raw = json.loads(line, parse_constant=_no_constant)
    except RecursionError:
        return Rejected("the JSON is nested too deeply")
    except ValueError:
        return Rejected("the line is not JSON")
    if not isinstance(raw, dict):
        return Rejected("the line is not a JSON object")
    kind = raw.get("type")
    fields = EVENT_FIELDS.get(kind) if isinstance(kind, str) else None
    if fields is None:
        return Rejected("the type is not known")
    try:
        checked = _checked(fields, raw)
    except _Unfit as unfit:
        return Rejected(f"{kind}: {unfit}")
    return cast(Event, {"type": kind, **checked})


class _Unfit(Exception):
    """A value that its field does not take."""


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are no JSON, and nothing of ours could store them


def _checked(fields: Mapping[str, Checker], raw: Mapping[str, Any]) -> dict[str, Any]:
    result = {}
    for name, check in fields.items():
        try:
            result[name] = check(raw.get(name))
        except _Unfit as unfit:
            raise _Unfit(f"{name} {unfit}") from None
    return result


# What a field may hold: each gives the value back, clean and cut to size, or raises _Unfit.


def _text(limit: int) -> Checker:
    def check(value: Any) -> str:
        if not isinstance(value, str):
            raise _Unfit("is not a text")
        clean = _UNPRINTABLE.sub("\ufffd", value[:limit])
        return clean if len(value) <= limit else clean[: limit - 1] + "…"

    return check


def _integer(low: int = 0, high: int = MAX_COUNT) -> Checker:
    def check(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise _Unfit("is not a whole number in its range")
        return value

    return check


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _Unfit("is not a number")
    if not 0 <= value <= MAX_COUNT or not math.isfinite(value):
        raise _Unfit("is out of its range")
    return float(value)


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Unfit("is not true or false")
    return value


def _one_of(names: tuple[str, ...]) -> Checker:
    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in names:
            raise _Unfit("is not one of its names")
        return value

    return check


def _or(check: Checker, default: Any) -> Checker:
    return lambda value: default if value is None else check(value)


def _optional(check: Checker) -> Checker:
    return _or(check, None)


def _list(check: Checker, limit: int = MAX_LIST) -> Checker:
    def check_all(value: Any) -> list[Any]:
        if value is None:
            return []
        if not isinstance(value, list):
            raise _Unfit("is not a list")
        if len(value) > limit:
            raise _Unfit("is too long a list")
        return [check(item) for item in value]

    return check_all


def _object(fields: Mapping[str, Checker]) -> Checker:
    def check(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise _Unfit("is not an object")
        return _checked(fields, value)

    return check


def _texts_by_name(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if not isinstance(value, dict) or len(value) > 50:
        raise _Unfit("is not a small object")
    return {_name(key): _name(item) for key, item in value.items()}


_name = _text(MAX_NAME)
_path = _text(MAX_PATH)
_long = _text(MAX_MESSAGE)
_names = _list(_name)
_count = _integer()
_false = _or(_boolean, False)
_first = _or(_count, 1)  # a context's number: most runs have only one

_PLANNED_STEP: Final[Mapping[str, Checker]] = {
    "revision": _name,
    "message": _optional(_name),
    "direction": _one_of(get_args(Direction)),
    "path": _optional(_path),
    "from": _names,
    "to": _names,
    "autocommit": _false,
}
_GRAPH_REVISION: Final[Mapping[str, Checker]] = {
    "id": _name,
    "down": _names,
    "depends_on": _names,
    "labels": _names,
    "message": _optional(_name),
    "doc": _optional(_text(MAX_PATH)),
    "path": _optional(_path),
}
_STEP: Final[Mapping[str, Checker]] = {"t": _number, "context": _first, "revision": _name}

EVENT_FIELDS: Final[Mapping[str, Mapping[str, Checker]]] = {
    "hello": {
        "t": _number,
        "protocol": _count,
        "python": _name,
        "alembic": _optional(_name),
        "sqlalchemy": _optional(_name),
    },
    "context": {
        "t": _number,
        "n": _first,
        "label": _optional(_name),
        "dialect": _name,
        "driver": _optional(_name),
        "server": _optional(_name),
        "database": _optional(_name),
        "server_version": _optional(_name),
        "version_table": _name,
        "version_table_schema": _optional(_name),
        "backend_pid": _optional(_count),
        "connection": _optional(_count),
        "external_transaction": _boolean,
        "transaction_per_migration": _boolean,
        "transactional_ddl": _boolean,
        "heads": _names,
        "session": _texts_by_name,
    },
    "plan": {
        "t": _number,
        "context": _first,
        "steps": _list(_object(_PLANNED_STEP), MAX_STEPS),
        "note": _optional(_one_of(get_args(PlanNote))),
    },
    "step_started": _STEP,
    "step_finished": {**_STEP, "ms": _number},
    "step_failed": {**_STEP, "ms": _number},
    "statement_started": {
        "t": _number,
        "n": _count,
        "sql": _text(MAX_SQL),
        "truncated": _false,
        "revision": _optional(_name),
        "line": _optional(_count),
        "file": _optional(_path),
        "many": _false,
        "connection": _optional(_count),
    },
    "statement_finished": {"t": _number, "n": _count, "ms": _number, "rows": _optional(_count)},
    "statement_failed": {
        "t": _number,
        "n": _count,
        "ms": _number,
        "sqlstate": _optional(_text(5)),
        "message": _long,
    },
    "transaction": {
        "t": _number,
        "what": _one_of(get_args(TransactionWhat)),
        "revision": _optional(_name),
        "connection": _optional(_count),
        "inside": _false,
    },
    "heads": {"t": _number, "context": _first, "heads": _names},
    "graph": {
        "t": _number,
        "revisions": _list(_object(_GRAPH_REVISION), MAX_STEPS),
        "heads": _names,
        "bases": _names,
        "version_locations": _list(_path),
        "warnings": _list(_path),
    },
    "check": {"t": _number, "context": _first, "clean": _boolean, "diffs": _list(_path)},
    "revision": {"t": _number, "path": _path, "text": _text(MAX_REVISION), "note": _optional(_path)},
    "command_started": {
        "t": _number,
        "program": _path,
        "mode": _one_of(get_args(CommandMode)),
    },
    "command_finished": {"t": _number, "status": _integer(-128, 255), "ms": _number},
    "error": {
        "t": _number,
        "kind": _one_of(ERROR_KINDS),
        "error_type": _optional(_name),
        "message": _long,
        "traceback": _optional(_long),
        "file": _optional(_path),
        "line": _optional(_count),
        "revision": _optional(_name),
        "sqlstate": _optional(_text(5)),
        "names": _names,
    },
    "done": {"t": _number, "ok": _boolean},
}
"""Every event's fields beside `type`, with the check of each."""

EVENT_TYPES: Final[tuple[str, ...]] = tuple(EVENT_FIELDS)
