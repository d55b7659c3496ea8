"""Stores what a job did to its database's objects, and what the files of a project would do."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import Integer, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from stillroom_core.changes.change import Change
from stillroom_core.changes.models import SchemaChange
from stillroom_core.database import Session
from stillroom_core.jobs.models import Job, JobEvent
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit, RevisionSource
from stillroom_core.revisions.graph import Graph
from stillroom_core.tables import now
from stillroom_worker.changes.operations import operations_of
from stillroom_worker.changes.statements import Path, changes_of, unread
from stillroom_worker.room import Room

log = structlog.get_logger()

# Of one job: what reading may cost, and what it may leave in our tables. A table of a thousand columns is one
# statement and a thousand changes.
MOST_CHANGES = 50_000
MOST_TEXT = 16 * 1024 * 1024
_AT_ONCE = 1_000
_SOURCES = 100
_DDL = r"\m(create|alter|drop|comment|grant|revoke|do|call|import|set|reset)\M"


@dataclass(frozen=True)
class _Ran:
    """A statement that came back."""

    sql: str
    revision: str
    line: int | None
    at: datetime


async def read_changes(room: Room, job_id: UUID) -> None:
    """Reads the statements of a job that has ended, once; called again it does nothing."""
    async with room.database.everything() as session:
        job = await session.scalar(
            select(Job)
            .where(Job.id == job_id, Job.changes_read_at.is_(None), Job.finished_at.is_not(None))
            .with_for_update(skip_locked=True)
        )
        if job is None:
            return
        job.changes_read_at = now()
        graph = graph_of(await session.get_one(Commit, job.commit_id))
        applied, committed = _moved(graph, job)
        left = _left(job)
        ran = await _statements(session, job.id)
        rows = await asyncio.to_thread(_rows, job, ran, left, applied, committed)
        for start in range(0, len(rows), _AT_ONCE):
            await session.execute(insert(SchemaChange).on_conflict_do_nothing(), rows[start : start + _AT_ONCE])


def _moved(graph: Graph, job: Job) -> tuple[frozenset[str], frozenset[str]]:
    """The revisions that are applied since, and those that the job applied or reverted for good."""
    if job.heads_before is None or job.heads_after is None:
        return frozenset(), frozenset()
    after = graph.ancestors(job.heads_after)
    return after, graph.ancestors(job.heads_before) ^ after


def _left(job: Job) -> set[tuple[str, str]]:
    """Statements of revisions that are not through, and that stayed all the same."""
    found = (job.aftermath or {}).get("left", [])
    return {
        (one["revision"], one["text"].removesuffix("…"))
        for one in found
        if one["what"] == "statement" and one["revision"]
    }


async def _statements(session: Session, job_id: UUID) -> list[_Ran]:
    """The statements with DDL in them that came back, in the order in which they began."""
    begun = (JobEvent.type == "statement_started") & JobEvent.data["sql"].astext.op("~*")(_DDL)
    rows = await session.stream(
        select(
            JobEvent.type,
            JobEvent.at,
            JobEvent.data["n"].astext.cast(Integer).label("n"),
            JobEvent.data["sql"].astext.label("sql"),
            JobEvent.data["revision"].astext.label("revision"),
            JobEvent.data["line"].astext.cast(Integer).label("line"),
        )
        .where(JobEvent.job_id == job_id, or_(begun, JobEvent.type == "statement_finished"))
        .order_by(JobEvent.seq)
        .execution_options(yield_per=1_000)
    )
    opened: dict[int, _Ran] = {}
    found: list[_Ran] = []
    size = 0
    async for row in rows:
        if row.type == "statement_started":
            if row.revision:
                opened[row.n] = _Ran(row.sql or "", row.revision, row.line, row.at)
            continue
        ran = opened.pop(row.n, None)
        if ran is not None:
            size += len(ran.sql)
            found.append(ran)
            if size > MOST_TEXT:
                break
    return found


def _rows(
    job: Job, ran: list[_Ran], left: set[tuple[str, str]], applied: frozenset[str], committed: frozenset[str]
) -> list[dict[str, Any]]:
    upgrades = job.kind != "downgrade"
    path = Path()
    rows: list[dict[str, Any]] = []
    for one in ran:
        stayed = any(revision == one.revision and one.sql.startswith(text) for revision, text in left)
        if one.revision not in committed and not stayed:
            continue
        upgrade = one.revision in applied if one.revision in committed else upgrades
        for change in _changes(one, path):
            rows.append(_row(job, len(rows), one, change, upgrade=upgrade))
        if len(rows) > MOST_CHANGES:
            more = unread("more statements than are read of one job", None)
            return [*rows[:MOST_CHANGES], _row(job, MOST_CHANGES, one, more, upgrade=upgrade)]
    return rows


def _changes(ran: _Ran, path: Path) -> list[Change]:
    try:
        return changes_of(ran.sql, ran.line, path)
    except Exception:  # a tenant's text must not keep the rest of a job from being read
        log.exception("changes.not_read")
        return [unread(ran.sql, ran.line)]


def _row(job: Job, position: int, ran: _Ran, change: Change, *, upgrade: bool) -> dict[str, Any]:
    return {
        "job_id": job.id,
        "position": position,
        "organization_id": job.organization_id,
        "project_id": job.project_id,
        "database_id": job.database_id,
        "revision": ran.revision,
        "upgrade": upgrade,
        "at": ran.at,
        "action": change.action,
        "kind": change.kind,
        "schema": change.schema,
        "table": change.table,
        "name": change.name,
        "to": change.to,
        "to_schema": change.to_schema,
        "line": change.line,
    }


async def read_sources(room: Room, organization_id: UUID, project_id: UUID) -> None:
    """Reads every revision file of a project that nobody has read yet; each text once, whatever holds it."""
    while True:
        async with room.database.transaction(organization_id) as session:
            unread_ones = await session.execute(
                select(RevisionSource.digest, RevisionSource.text)
                .where(
                    RevisionSource.organization_id == organization_id,
                    RevisionSource.project_id == project_id,
                    RevisionSource.changes.is_(None),
                )
                .limit(_SOURCES)
            )
            texts: Mapping[str, str] = {row.digest: row.text for row in unread_ones}
            if not texts:
                return
            found = await asyncio.to_thread(lambda: {d: operations_of(t) for d, t in texts.items()})  # noqa: B023
            for digest, changes in found.items():
                await session.execute(
                    update(RevisionSource)
                    .where(RevisionSource.project_id == project_id, RevisionSource.digest == digest)
                    .values(changes={} if changes is None else changes)
                )
