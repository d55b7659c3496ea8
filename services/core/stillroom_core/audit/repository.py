"""Reads the audit log of one organization."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import aliased

from stillroom_core.audit.models import AuditEntry
from stillroom_core.database import Session

_FEW = 50


@dataclass(frozen=True, kw_only=True)
class AuditFilter:
    """Which entries are wanted; everything that is not None must hold."""

    action: str | None = None  # whole, or its noun
    outcome: str | None = None
    actor_id: UUID | None = None
    token_id: UUID | None = None
    project_id: UUID | None = None
    database_id: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    words: str | None = None
    before: int | None = None  # only entries with a lower number


class AuditRepository:
    """The audit log of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def last(self) -> AuditEntry | None:
        """The newest entry."""
        found: AuditEntry | None = await self._session.scalar(
            select(AuditEntry)
            .where(AuditEntry.organization_id == self._organization_id)
            .order_by(AuditEntry.number.desc())
            .limit(1)
        )
        return found

    async def newest(self, wanted: AuditFilter, limit: int) -> Sequence[AuditEntry]:
        """Entries that match, newest first."""
        return (
            await self._session.scalars(
                select(AuditEntry)
                .where(AuditEntry.organization_id == self._organization_id, *_conditions(wanted))
                .order_by(AuditEntry.number.desc())
                .limit(limit)
            )
        ).all()

    async def refused_since(
        self, since: datetime, actor_id: UUID, token_id: UUID | None, address: str, reason: str
    ) -> bool:
        """Whether somebody was refused for a reason since then; looks at their newest few entries alone."""
        newest = (
            select(AuditEntry)
            .where(AuditEntry.organization_id == self._organization_id, AuditEntry.actor_id == actor_id)
            .order_by(AuditEntry.number.desc())
            .limit(_FEW)
            .subquery()
        )
        entry = aliased(AuditEntry, newest)
        same = (
            entry.at > since,
            entry.outcome == "refused",
            entry.reason == reason,
            entry.address == address,
            entry.token_id.is_not_distinct_from(token_id),
        )
        return bool(await self._session.scalar(select(exists().where(*same))))

    async def from_the_first(self, *, after: int, limit: int) -> Sequence[AuditEntry]:
        """Entries in the order in which they were written."""
        return (
            await self._session.scalars(
                select(AuditEntry)
                .where(AuditEntry.organization_id == self._organization_id, AuditEntry.number > after)
                .order_by(AuditEntry.number)
                .limit(limit)
            )
        ).all()


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    table = AuditEntry
    found: list[ColumnElement[bool]] = []
    if wanted.action:
        whole = "." in wanted.action  # a noun alone means all of its acts
        found.append(
            table.action == wanted.action if whole else table.action.startswith(f"{wanted.action}.", autoescape=True)
        )
    for column, value in (
        (table.outcome, wanted.outcome),
        (table.actor_id, wanted.actor_id),
        (table.token_id, wanted.token_id),
        (table.project_id, wanted.project_id),
        (table.database_id, wanted.database_id),
    ):
        if value is not None:
            found.append(column == value)
    if wanted.since:
        found.append(table.at >= wanted.since)
    if wanted.until:
        found.append(table.at < wanted.until)
    if wanted.before is not None:
        found.append(table.number < wanted.before)
    for word in (wanted.words or "").split()[:5]:
        columns = (table.actor_name, table.token_name, table.subject_name, table.action, table.address)
        found.append(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    return found
