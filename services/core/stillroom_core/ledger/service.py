"""Reading the ledger of one database: its jobs and what was found, in one line of time."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, literal, select, tuple_, union_all

from stillroom_core.actors.actor import Actor
from stillroom_core.audit.models import AuditEntry
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.errors import Invalid
from stillroom_core.jobs.lifecycle import CHANGES_DATABASE
from stillroom_core.jobs.models import Job, JobStep

_MOVED = "database.moved"


@dataclass(frozen=True)
class Cursor:
    """The place of an entry; the next page begins behind it."""

    at: datetime
    key: UUID

    def __str__(self) -> str:
        return f"{self.at.isoformat()}~{self.key}"

    @classmethod
    def parsed(cls, text: str) -> "Cursor":
        """From its text; raises Invalid."""
        at, _, key = text.partition("~")
        try:
            # A moment without a zone would be one of nobody's.
            return cls(datetime.fromisoformat(at).astimezone(), UUID(key))
        except (ValueError, OverflowError) as cause:
            raise Invalid(
                "bad_cursor",
                "This is no place in the ledger.",
                fix="Give the next_cursor of the page before, or none.",
                fields={"cursor": "not understood"},
            ) from cause


@dataclass(frozen=True)
class Entry:
    """A job that ran on the database with the revisions that it touched, or a move that no job of ours made."""

    at: datetime
    key: UUID
    job: Job | None
    steps: list[JobStep] = field(default_factory=list)
    heads_before: list[str] | None = None
    heads_after: list[str] | None = None

    @property
    def cursor(self) -> Cursor:
        """Its place."""
        return Cursor(self.at, self.key)


async def read_ledger(
    session: Session, actor: Actor, database: Database, *, before: Cursor | None, limit: int
) -> list[Entry]:
    """Entries of a database, newest first; four queries whatever their number."""
    jobs = select(Job.started_at.label("at"), Job.id.label("key"), literal(False).label("found")).where(
        Job.organization_id == actor.organization_id,
        Job.database_id == database.id,
        Job.started_at.is_not(None),
        Job.finished_at.is_not(None),
        Job.kind.in_(sorted(kind.value for kind in CHANGES_DATABASE)),
    )
    moves = select(AuditEntry.at, AuditEntry.id, literal(True)).where(
        AuditEntry.organization_id == actor.organization_id,
        AuditEntry.database_id == database.id,
        AuditEntry.action == _MOVED,
    )
    both = union_all(
        _page(jobs, Job.started_at, Job.id, before, limit),
        _page(moves, AuditEntry.at, AuditEntry.id, before, limit),
    ).subquery()
    rows = (await session.execute(select(both).order_by(both.c.at.desc(), both.c.key.desc()).limit(limit))).all()
    known = {row.key: row.found for row in rows}
    found_jobs = await _jobs(session, actor, [key for key, found in known.items() if not found])
    steps = await _steps(session, actor, list(found_jobs))
    entries = await _entries(session, actor, [key for key, found in known.items() if found])
    return [
        _moved(row.at, entries[row.key])
        if row.found
        else Entry(row.at, row.key, found_jobs[row.key], steps.get(row.key, []))
        for row in rows
    ]


def _page(query: Select[Any, Any, Any], at: Any, key: Any, before: Cursor | None, limit: int) -> Any:
    if before is not None:
        query = query.where(tuple_(at, key) < tuple_(literal(before.at), literal(before.key)))
    # In brackets, so that each side of the union has an order and an end of its own.
    return select(query.order_by(at.desc(), key.desc()).limit(limit).subquery())


def _moved(at: datetime, entry: AuditEntry) -> Entry:
    before, after = (entry.before or {}).get("heads"), (entry.after or {}).get("heads")
    return Entry(at, entry.id, None, heads_before=before, heads_after=after)


async def _jobs(session: Session, actor: Actor, keys: list[UUID]) -> dict[UUID, Job]:
    rows = await session.scalars(select(Job).where(Job.organization_id == actor.organization_id, Job.id.in_(keys)))
    return {row.id: row for row in rows}


async def _steps(session: Session, actor: Actor, keys: list[UUID]) -> dict[UUID, list[JobStep]]:
    """The revisions that ran; what was planned and never begun is no change."""
    rows = await session.scalars(
        select(JobStep)
        .where(
            JobStep.organization_id == actor.organization_id,
            JobStep.job_id.in_(keys),
            JobStep.kind == "revision",
            JobStep.state.not_in(["pending", "skipped"]),
        )
        .order_by(JobStep.job_id, JobStep.position)
    )
    found: dict[UUID, list[JobStep]] = {}
    for row in rows:
        found.setdefault(row.job_id, []).append(row)
    return found


async def _entries(session: Session, actor: Actor, keys: list[UUID]) -> dict[UUID, AuditEntry]:
    rows = await session.scalars(
        select(AuditEntry).where(AuditEntry.organization_id == actor.organization_id, AuditEntry.id.in_(keys))
    )
    return {row.id: row for row in rows}
