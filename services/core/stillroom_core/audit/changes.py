"""What a transaction changed, seen row by row as it is flushed, without secrets."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import event, inspect
from sqlalchemy.orm import UOWTransaction

from stillroom_core.tables import Table
from stillroom_core.tenancy import ACTING, ScopedSession

_SECRET = re.compile(r"sealed|password|secret|hash|digest|credential|token$|^value$|^content$|private|recovery", re.I)
# Of no interest: whose row it is stands in the entry, and what a worker reads or counts is no act.
_LEFT_OUT = frozenset({"organization_id", "created_at", "graph", "files_read"})
_MOST_ROWS, _LONGEST = 50, 2000


@dataclass
class Change:
    """One row that was added, changed or removed."""

    noun: str
    id: Any
    name: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass
class Changes:
    """All rows of one transaction, the first ones in full."""

    KEY: ClassVar[str] = "stillroom_changes"

    rows: list[Change] = field(default_factory=list)
    more: int = 0
    project_id: UUID | None = None
    database_id: UUID | None = None

    def of(self, noun: str) -> Change | None:
        """The row that the act is about: of its noun if there is one, else the first."""
        return next((row for row in self.rows if row.noun == noun), self.rows[0] if self.rows else None)

    def before(self) -> dict[str, Any] | None:
        """What stood in the rows, by noun and name."""
        return self._side("before")

    def after(self) -> dict[str, Any] | None:
        """What stands in them now."""
        return self._side("after")

    def _side(self, side: str) -> dict[str, Any] | None:
        found: dict[str, Any] = {}
        for row in self.rows:
            if content := getattr(row, side):
                found[f"{row.noun} {row.name or row.id}"] = content
        if found and self.more:
            found["more rows"] = self.more
        return found or None


@event.listens_for(ScopedSession, "after_flush")
def _see(session: ScopedSession, _context: UOWTransaction) -> None:
    if getattr(session.info.get(ACTING), "actor", None) is None:
        return
    changes: Changes = session.info.setdefault(Changes.KEY, Changes())
    for rows, side in ((session.new, "new"), (session.dirty, "dirty"), (session.deleted, "deleted")):
        for row in rows:
            if isinstance(row, Table) and row.__tablename__ != "audit_entries":
                _keep(changes, row, side)


def _keep(changes: Changes, row: Table, side: str) -> None:
    before: dict[str, Any] = {}
    after: dict[str, Any] = {}
    state = inspect(row)
    for column in state.mapper.column_attrs:
        history = state.attrs[column.key].history
        if column.key in _LEFT_OUT:
            continue
        if side == "new" and history.added and history.added[0] is not None:
            after[column.key] = history.added[0]
        elif side == "deleted" and column.key in state.dict:
            before[column.key] = state.dict[column.key]
        elif side == "dirty" and history.has_changes():
            before[column.key] = history.deleted[0] if history.deleted else None
            after[column.key] = history.added[0] if history.added else None
    if not before and not after:
        return
    changes.project_id = changes.project_id or _id(row, "project_id", "projects")
    changes.database_id = changes.database_id or _id(row, "database_id", "databases")
    if len(changes.rows) == _MOST_ROWS:
        changes.more += 1
        return
    known = state.dict
    name = known.get("slug") or known.get("name") or known.get("number") or known.get("email")
    identity = known.get("id") or "/".join(str(known.get(column.name)) for column in state.mapper.primary_key)
    changes.rows.append(
        Change(
            noun_of(row.__tablename__),
            identity,
            str(name) if name is not None else None,
            without_secrets(before),
            without_secrets(after),
        )
    )


def _id(row: Table, column: str, own: str) -> UUID | None:
    known = inspect(row).dict
    found: UUID | None = known.get("id") if row.__tablename__ == own else known.get(column)
    return found


def noun_of(table: str) -> str:
    """The word for one row of a table."""
    return table[:-3] + "y" if table.endswith("ies") else table.removesuffix("s")


def without_secrets(content: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The same as plain JSON, bounded; of a secret only that there is one."""
    return {str(name): _told(str(name), value) for name, value in content.items()} if content else None


def _told(name: str, value: Any) -> Any:
    if _SECRET.search(name) and not name.endswith("_at") and not isinstance(value, bool):
        return "set" if value else None
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Mapping):
        return without_secrets(value) or {}
    if isinstance(value, list | tuple | set | frozenset):
        return [_told("", one) for one in list(value)[:100]]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str | UUID | float):
        return str(value).replace("\0", "")[:_LONGEST]
    return type(value).__name__  # bytes, and what only the server computes
