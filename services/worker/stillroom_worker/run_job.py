"""A job from its claim to its end; the one place that knows the order of things."""

from collections.abc import Coroutine
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import select, update
from structlog.contextvars import get_contextvars

from stillroom_core.database import is_outage
from stillroom_core.databases.models import Database
from stillroom_core.happenings.telling import emit_job_end
from stillroom_core.jobs.lifecycle import CHANGES_DATABASE, JobState, StepState
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.outcome import outcome
from stillroom_core.jobs.queue import READ_CATALOGUE, READ_CHANGES, RUN_JOB, Ring, ring_after_commit
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.masking import keeping_secrets
from stillroom_core.tables import now
from stillroom_core.telemetry import metrics
from stillroom_core.telemetry.trail import Trail, believed, following
from stillroom_core.tenancy import everything
from stillroom_worker.claims import Claim, claim, still_held
from stillroom_worker.failure import JobFailed
from stillroom_worker.heart import OutOfTouch, Superseded
from stillroom_worker.job_run import JobRun, WorkerEnds
from stillroom_worker.journal import Journal
from stillroom_worker.messages import tell_ignored
from stillroom_worker.room import Room
from stillroom_worker.tracing import tell_end, traced_job
from stillroom_worker.turns import next_in_turn
from stillroom_worker.verdict import Verdict

log = structlog.get_logger()


async def run_job(room: Room, job_id: UUID) -> bool:
    """Runs a queued job to its end. Called twice, or for a job that is not queued, it does nothing; whether it ran."""
    with keeping_secrets():
        return await _run_job(room, job_id)


async def _run_job(room: Room, job_id: UUID) -> bool:
    ours = await claim(room, job_id)
    if ours is None:
        await tell_ignored(room, Job, job_id)
        return False
    metrics.JOB_WAITED.observe(max(0.0, (now() - ours.job.created_at).total_seconds()))
    about = {"job": str(job_id), "organization": str(ours.job.organization_id), "attempt": str(ours.attempt)}
    with (
        following(_trail_of(ours.job), **about),
        traced_job(ours.job),
        metrics.JOB_SECONDS.labels(ours.job.kind).time(),
    ):
        await _run_claimed(room, ours)
    return True


def _trail_of(job: Job) -> Trail:
    """What the job's row says, unless the message says it too, and more: it may have been sent again by the sweeper."""
    kept = believed(job.trail)
    return {} if kept.get("request_id") == get_contextvars().get("request_id") else kept


async def _run_claimed(room: Room, ours: Claim) -> None:
    log.info("job.claimed", kind=ours.job.kind)
    journal = Journal(room, ours.job, ours.attempt)
    journal.start()
    journal.event("state", state=JobState.RUNNING.value)
    journal.set()
    try:
        verdict = await JobRun(room, ours, journal).execute()
        await _finish(room, ours, journal, verdict)
        metrics.JOBS_ENDED.labels(ours.job.kind, verdict.state.value).inc()
        tell_end(verdict.state.value, verdict.outcome["code"])
        log.info("job.ended", state=verdict.state.value, outcome=verdict.outcome["code"])
    except WorkerEnds:
        await _hand_back(ours, journal)
    except (Superseded, OutOfTouch) as cause:
        # Not ours any more, or nobody can know: the sweeper declares it lost, and the database is read again.
        log.warning("job.given_up", cause=type(cause).__name__)
    except Exception:
        # A mistake of ours: nobody watches the job any more, so its end is unknown until somebody looks.
        log.exception("job.broke")
        metrics.JOBS_ENDED.labels(ours.job.kind, JobState.FAILED.value).inc()
        await _unless_away(_give_up(room, ours))
    finally:
        await journal.stop()
        await _unless_away(_ring_next(room, ours.job))


async def _finish(room: Room, ours: Claim, journal: Journal, verdict: Verdict) -> None:
    for position in journal.open_steps():
        journal.step(position, state=StepState.SKIPPED)
    if verdict.error is not None:
        journal.event("error", **verdict.error.as_dict())
    journal.event("state", state=verdict.state.value, outcome=verdict.outcome)
    await journal.close()
    await journal.finish(
        verdict.state, outcome=verdict.outcome, error=verdict.error.as_dict() if verdict.error else None
    )


async def _hand_back(ours: Claim, journal: Journal) -> None:
    """Nothing of the project's own has run yet, so another worker may begin from the start."""
    try:
        for position in journal.open_steps():
            journal.step(position, state=StepState.PENDING, started_at=None)
        journal.note("handed_back", "The worker was told to end: the job waits for another one.")
        journal.event("state", state=JobState.QUEUED.value)
        await journal.close()
        await journal.hand_back()
    except (Superseded, OutOfTouch) as cause:
        log.warning("job.given_up", cause=type(cause).__name__)
    else:
        log.info("job.handed_back", kind=ours.job.kind)


async def _unless_away(work: Coroutine[Any, Any, None]) -> None:
    """Does what the sweeper would do later; where our own PostgreSQL is away, it will."""
    try:
        await work
    except Exception as error:
        if not is_outage(error):
            raise
        log.warning("job.left_to_the_sweeper", cause=type(error).__name__)


async def _give_up(room: Room, ours: Claim) -> None:
    error = JobFailed("internal", "Stillroom itself failed while it ran this job.", fix="Tell the operator the job id.")
    async with room.database.transaction(ours.job.organization_id) as session:
        ended = await session.scalar(
            update(Job)
            .where(still_held(ours.job.id, ours.attempt))
            .values(state=JobState.FAILED.value, finished_at=now(), outcome=outcome("unknown"), error=error.as_dict())
            .returning(Job.id)
        )
        if ended is not None:
            await emit_job_end(session, ended)
        await session.execute(update(Database).where(Database.id == ours.database.id).values(trusted=False))
        notice_after_commit(session, ours.job.organization_id, ours.job.project_id, About.JOBS, About.DATABASES)


async def _ring_next(room: Room, ended: Job) -> None:
    """Whoever waits first for this database is rung at once instead of at the next sweep. What stands there is read.

    Where nobody waits for it, whose turn it is anywhere: what was rung in vain while a bound held it back.
    """
    async with room.database.transaction(ended.organization_id) as session:
        following = await session.scalar(
            select(Job.id)
            .where(Job.database_id == ended.database_id, Job.state == JobState.QUEUED.value)
            .order_by(Job.id)
            .limit(1)
        )
        if following is None:
            async with everything(session):
                following = await next_in_turn(session, room.settings)
        if following is not None:
            ring_after_commit(session, Ring(RUN_JOB, following))
        if ended.kind in CHANGES_DATABASE:
            ring_after_commit(session, Ring(READ_CATALOGUE, ended.database_id))
            ring_after_commit(session, Ring(READ_CHANGES, ended.id))
