"""Taking a queued job, exactly once."""

from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog
from sqlalchemy import ColumnElement, and_, exists, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.freezes.service import opening_of
from stillroom_core.happenings.telling import emit_job_end
from stillroom_core.jobs.lifecycle import CHANGES_DATABASE, JobState
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.outcome import outcome
from stillroom_core.jobs.queue import RUN_JOB, Ring, ring_after_commit
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.projects.models import Project
from stillroom_core.tables import now
from stillroom_worker.room import Room
from stillroom_worker.turns import within_limits

log = structlog.get_logger()


@dataclass(frozen=True)
class Claim:
    """A job that is ours, with everything that it needs to run."""

    job: Job
    project: Project
    environment: Environment
    database: Database
    attempt: UUID


def still_held(job_id: UUID, attempt: UUID) -> ColumnElement[bool]:
    """That the job runs under this claim: a write without it could come from a worker that has been given up."""
    return and_(Job.id == job_id, Job.attempt == attempt, Job.state == JobState.RUNNING.value)


async def claim(room: Room, job_id: UUID) -> Claim | None:
    """Moves a queued job to running under a fresh attempt token, or returns None.

    None means that there is nothing to do: the job runs, has ended, does not exist, waits for an older one
    on the same database or for its turn, or its database must be read first. Whoever ends rings the next one. A job
    that waited until its change window closed, or a freeze began, ends here without having started.
    """
    if await _turned_away(room, job_id):
        return None
    attempt = uuid4()
    older = aliased(Job)
    first_in_line = ~exists().where(
        older.database_id == Job.database_id,
        older.state.in_([JobState.QUEUED.value, JobState.RUNNING.value]),
        older.id < Job.id,
    )
    trusted = exists().where(Database.id == Job.database_id, Database.trusted)
    try:
        async with room.database.everything() as session:
            if not await within_limits(session, room.settings, job_id):
                return None
            taken = await session.execute(
                update(Job)
                .where(Job.id == job_id, Job.state == JobState.QUEUED.value, first_in_line, trusted)
                .values(
                    state=JobState.RUNNING.value,
                    attempt=attempt,
                    started_at=now(),
                    heartbeat_at=func.clock_timestamp(),
                    isolation=room.isolation().value,
                )
                .returning(Job.id)
            )
            if taken.scalar_one_or_none() is None:
                return None
            row = (
                await session.execute(
                    select(Job, Project, Environment, Database)
                    .join(Project, Project.id == Job.project_id)
                    .join(Environment, Environment.id == Job.environment_id)
                    .join(Database, Database.id == Job.database_id)
                    .where(Job.id == job_id)
                )
            ).one()
            notice_after_commit(session, row[0].organization_id, row[0].project_id, About.JOBS)
    except IntegrityError:
        return None  # another worker claimed a job of this database at the same moment
    job, project, environment, database = row
    return Claim(job, project, environment, database, attempt)


async def _turned_away(room: Room, job_id: UUID) -> bool:
    """Ends a queued job whose environment takes no changes any more; one that was started in spite of it stays."""
    async with room.database.everything() as session:
        row = (
            await session.execute(
                select(Job, Environment)
                .join(Environment, Environment.id == Job.environment_id)
                .where(
                    Job.id == job_id,
                    Job.state == JobState.QUEUED.value,
                    Job.kind.in_([kind.value for kind in CHANGES_DATABASE]),
                )
            )
        ).one_or_none()
        if row is None:
            return False
        job, environment = row
        opening = await opening_of(session, environment)
        if opening.because is None or opening.because in (job.overrode or ()):
            return False
        until = opening.until.isoformat(timespec="minutes") if opening.until else "—"
        ended = (
            outcome("frozen", reason=opening.reason, until=until)
            if opening.because == "freeze"
            else outcome("window_closed", until=until)
        )
        await session.execute(
            update(Job)
            .where(Job.id == job_id, Job.state == JobState.QUEUED.value)
            .values(state=JobState.CANCELLED.value, finished_at=now(), outcome=ended)
        )
        await emit_job_end(session, job_id)
        following = await session.scalar(
            select(Job.id)
            .where(Job.database_id == job.database_id, Job.state == JobState.QUEUED.value, Job.id != job_id)
            .order_by(Job.id)
            .limit(1)
        )
        if following is not None:
            ring_after_commit(session, Ring(RUN_JOB, following))
        notice_after_commit(session, job.organization_id, job.project_id, About.JOBS)
    log.info("job.turned_away", job=str(job_id), because=opening.because)
    return True
