"""What jobs did with the revisions of a project: the newest run on each database, and all runs of one."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.dialects.postgresql import distinct_on

from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.lifecycle import StepState
from stillroom_core.jobs.models import Job, JobEvent, JobStep

# A pending step never ran, a skipped one never will.
_RAN = (StepState.RUNNING.value, StepState.DONE.value, StepState.FAILED.value, StepState.ROLLED_BACK.value)
_STATEMENTS = 2_000
_RUNS = 50


@dataclass(frozen=True)
class Run:
    """A revision's function, run by one job on one database."""

    job: Job
    step: JobStep


@dataclass(frozen=True)
class PlacedRun(Run):
    """A run with the names of where it was."""

    database: Database
    environment: Environment


@dataclass
class Statement:
    """A statement as the tenant's process told it; nothing about its end while that was not told."""

    seq: int
    sql: str
    truncated: bool
    line: int | None
    ms: float | None = None
    rows: int | None = None
    failed: str | None = None


async def newest_runs(session: Session, actor: Actor, project_id: UUID) -> list[Run]:
    """The newest run of every revision on every database, by job; one query."""
    query: Select[Job, JobStep] = (
        select(Job, JobStep)
        .join(JobStep, JobStep.job_id == Job.id)
        .where(_ran(actor, project_id))
        .ext(distinct_on(Job.database_id, JobStep.revision))
        .order_by(Job.database_id, JobStep.revision, Job.id.desc())
    )
    return [Run(*row) for row in await session.execute(query)]


async def runs_of(session: Session, actor: Actor, project_id: UUID, revision: str) -> list[PlacedRun]:
    """The last runs of one revision on any database, newest first; one query."""
    query = (
        select(Job, JobStep, Database, Environment)
        .join(JobStep, JobStep.job_id == Job.id)
        .join(Database, Database.id == Job.database_id)
        .join(Environment, Environment.id == Job.environment_id)
        .where(_ran(actor, project_id), JobStep.revision == revision)
        .order_by(Job.id.desc())
        .limit(_RUNS)
    )
    return [PlacedRun(*row) for row in await session.execute(query)]


async def statements_of(session: Session, actor: Actor, job_id: UUID, revision: str) -> list[Statement]:
    """What a job sent to the database within one revision, in order; at most the first 2,000 statements."""
    begun = (
        await session.scalars(
            select(JobEvent)
            .where(
                JobEvent.job_id == job_id,
                JobEvent.organization_id == actor.organization_id,
                JobEvent.type == "statement_started",
                JobEvent.data["revision"].astext == revision,
            )
            .order_by(JobEvent.seq)
            .limit(_STATEMENTS)
        )
    ).all()
    if not begun:
        return []
    found = {event.data.get("n"): _statement(event.seq, event.data) for event in begun}
    ends = await session.scalars(
        select(JobEvent).where(
            JobEvent.job_id == job_id,
            JobEvent.organization_id == actor.organization_id,
            JobEvent.type.in_(("statement_finished", "statement_failed")),
            JobEvent.seq > begun[0].seq,
        )
    )
    for event in ends:
        statement = found.get(event.data.get("n"))
        if statement is not None:
            statement.ms = event.data.get("ms")
            statement.rows = event.data.get("rows")
            statement.failed = event.data.get("message") if event.type == "statement_failed" else None
    return list(found.values())


def started_at(run: Run) -> datetime | None:
    """When the run began; an older worker told it of the job only."""
    return run.step.started_at or run.job.started_at


def _statement(seq: int, data: dict[str, Any]) -> Statement:
    return Statement(
        seq=seq, sql=str(data.get("sql") or ""), truncated=bool(data.get("truncated")), line=data.get("line")
    )


def _ran(actor: Actor, project_id: UUID) -> Any:
    return (
        (Job.organization_id == actor.organization_id)
        & (Job.project_id == project_id)
        & (JobStep.organization_id == actor.organization_id)
        & (JobStep.kind == "revision")
        & JobStep.state.in_(_RAN)
    )
