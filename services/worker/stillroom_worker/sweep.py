"""Every few seconds: rings again for what nobody picked up, and declares lost what nobody works on."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from redis.exceptions import RedisError
from sqlalchemy import Text, cast, func, or_, select, text, update

from stillroom_core.accounts.events import forget_old_events
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.drafts.models import Draft
from stillroom_core.drafts.repository import forget_old_drafts
from stillroom_core.happenings.telling import emit_job_end
from stillroom_core.jobs import feed
from stillroom_core.jobs.feed import Event
from stillroom_core.jobs.lifecycle import CHANGES_DATABASE, JobState, StepState
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.jobs.outcome import outcome
from stillroom_core.jobs.queue import (
    FETCH_PROJECT,
    LOOK_AT_SETUP,
    PUSH_DRAFT,
    READ_CHANGES,
    READ_DATABASE,
    RUN_JOB,
    TEST_DATABASE,
    WRITE_DRAFT,
    Ring,
    ring_after_commit,
)
from stillroom_core.jobs.retention import remove_old_logs
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.mail.delivery import forget_old
from stillroom_core.plans.repository import forget_expired
from stillroom_core.projects.models import Project
from stillroom_core.samples.repository import forget_old_samples
from stillroom_core.setups.models import Setup
from stillroom_core.setups.repository import forget_old_setups
from stillroom_core.tables import now
from stillroom_core.telemetry import metrics
from stillroom_core.terminals.service import forget_old_terminals
from stillroom_core.trusts.exchange import forget_exchanged
from stillroom_core.webhooks.delivery import forget_old_deliveries
from stillroom_worker.expiring import tell_expiring
from stillroom_worker.one_by_one import impatiently, one_by_one
from stillroom_worker.requests import settle_requests
from stillroom_worker.room import Room
from stillroom_worker.rules import upgrade_by_rules
from stillroom_worker.slots import free_slots
from stillroom_worker.turns import could_start

log = structlog.get_logger()

RING_AGAIN = timedelta(seconds=5)
STUCK = timedelta(minutes=15)
# A database that a lost job left behind and that cannot be reached is not rung at every round.
DOUBT_AGAIN = timedelta(seconds=15)
# Signing in, ending what a lost job left and reading have bounds that add up to less than a minute.
READ_STUCK = timedelta(minutes=2)
READ_EVERY = timedelta(minutes=5)
# What somebody began and left.
SETUP_LIFE_DAYS = DRAFT_LIFE_DAYS = 30
_MOST = 200
# Reading a job of a hundred thousand statements takes a few seconds of a worker.
_CHANGES = 20


async def sweep(room: Room) -> None:
    """One round; every part may be repeated at any time by any worker.

    Who waits for how long is measured by the server's clock alone: that of a host may jump. No part stands behind a
    row that somebody holds, and none behind one that fails: a worker that froze in the middle of a transaction, or a
    fault in what only tidies up, must not keep jobs from being rung. Raises what says that PostgreSQL is away.
    """
    for part in (_lost, _unread, _ring, _setups, _drafts, tell_expiring, settle_requests, upgrade_by_rules, _forget):
        await one_by_one(part.__name__.strip("_"), (room,), part)


async def _forget(room: Room) -> None:
    """Removes what is too old to be kept."""
    await remove_old_logs(room.database, room.settings.log_life)
    async with room.database.everything() as session:
        await impatiently(session)
        await forget_expired(session)
        await forget_old(session)
        await forget_old_samples(session)
        await forget_old_deliveries(session)
        await forget_old_events(session)
        await forget_exchanged(session)
        await forget_old_terminals(session)


async def _ring(room: Room) -> None:
    """Rings again for what waits and was not picked up."""
    free = await free_slots(room)
    async with room.database.everything() as session:
        # A message says that there is something to do, not what: more of them than slots would only pile up in front
        # of workers that have none. One goes out in any case, because what is known of slots is some seconds old.
        jobs = await could_start(session, room.settings, unrung_for=RING_AGAIN, most=min(max(1, free), _MOST))
        for job_id in jobs:
            _ring_again(session, RUN_JOB, job_id)
        if jobs:
            await session.execute(update(Job).where(Job.id.in_(jobs)).values(rung_at=func.now()))
        for project_id in await session.scalars(
            select(Project.id)
            .where(Project.fetch_state == "waiting", Project.fetch_requested_at < func.now() - RING_AGAIN)
            .limit(_MOST)
        ):
            _ring_again(session, FETCH_PROJECT, project_id)
        for database_id in await session.scalars(
            select(Database.id)
            .where(
                or_(
                    (Database.read_state == "waiting") & (Database.read_requested_at < func.now() - RING_AGAIN),
                    ~Database.trusted & (Database.read_state == "idle"),
                    ~Database.trusted
                    & (Database.read_state == "failed")
                    & (Database.read_requested_at < func.now() - DOUBT_AGAIN),
                )
            )
            .limit(_MOST)
        ):
            _ring_again(session, READ_DATABASE, database_id)
        # Jobs from before statements were read, and those whose ring was lost. Of a lost job it is known later.
        for job_id in await session.scalars(
            select(Job.id)
            .where(
                Job.changes_read_at.is_(None),
                Job.kind.in_(["upgrade", "downgrade", "command"]),
                Job.finished_at < func.now() - RING_AGAIN,
                Job.log_stored,
                Job.outcome["code"].astext.is_distinct_from("lost"),
            )
            .order_by(Job.finished_at.desc())
            .limit(_CHANGES)
        ):
            _ring_again(session, READ_CHANGES, job_id)


def _ring_again(session: Session, task: str, key: UUID) -> None:
    ring_after_commit(session, Ring(task, key))
    metrics.RUNG_AGAIN.labels(task.partition(".")[2]).inc()


async def _setups(room: Room) -> None:
    """Projects to be: looked at and tested again where a ring or a worker was lost, forgotten in the end."""
    async with room.database.everything() as session:
        await impatiently(session)
        await forget_old_setups(session, SETUP_LIFE_DAYS)
        for state, since, task, stuck in (
            (Setup.look_state, Setup.look_requested_at, LOOK_AT_SETUP, STUCK),
            (Setup.test_state, Setup.test_requested_at, TEST_DATABASE, READ_STUCK),
        ):
            await session.execute(
                update(Setup).where(state == "running", since < func.now() - stuck).values({state.key: "waiting"})
            )
            for setup_id in await session.scalars(
                select(Setup.id).where(state == "waiting", since < func.now() - RING_AGAIN).limit(_MOST)
            ):
                _ring_again(session, task, setup_id)


async def _drafts(room: Room) -> None:
    """Drafts, likewise. A push that was cut off is tried again: the branch is made once or not at all."""
    async with room.database.everything() as session:
        await impatiently(session)
        await forget_old_drafts(session, DRAFT_LIFE_DAYS)
        for waiting, running, task in (("waiting", "running", WRITE_DRAFT), ("push_waiting", "pushing", PUSH_DRAFT)):
            stuck = (Draft.state == running, Draft.requested_at < func.now() - STUCK)
            await session.execute(update(Draft).where(*stuck).values(state=waiting))
            due = (Draft.state == waiting, Draft.requested_at < func.now() - RING_AGAIN)
            for draft_id in await session.scalars(select(Draft.id).where(*due).limit(_MOST)):
                _ring_again(session, task, draft_id)


async def _lost(room: Room) -> None:
    """A running job without a heartbeat: its worker is gone, and nobody knows what it did."""
    async with room.database.everything() as session:
        silent = func.clock_timestamp() - room.settings.lease  # the server's clock, by which the heart beats too
        # A row that is held belongs to somebody who writes it now, or to a session that the server ends soon.
        found = await session.scalars(
            select(Job.id)
            .join(Database, Database.id == Job.database_id)
            .where(Job.state == JobState.RUNNING.value, Job.heartbeat_at < silent)
            .with_for_update(skip_locked=True)
        )
        rows = (
            await session.execute(
                update(Job)
                .where(Job.id.in_(list(found)))
                .values(
                    state=JobState.LOST.value, finished_at=now(), outcome=outcome("lost"), last_seq=Job.last_seq + 1
                )
                .returning(
                    Job.id, Job.organization_id, Job.project_id, Job.database_id, Job.kind, Job.last_seq, Job.attempt
                )
            )
        ).all()
        for row in rows:
            await _end_story(session, row.organization_id, row.id, row.last_seq)
            await emit_job_end(session, row.id)
            notice_after_commit(session, row.organization_id, row.project_id, About.JOBS, About.DATABASES)
        doubtful = [row.database_id for row in rows if row.kind in {kind.value for kind in CHANGES_DATABASE}]
        if doubtful:
            await session.execute(
                update(Database)
                .where(Database.id.in_(doubtful))
                .values(trusted=False, read_state="waiting", read_requested_at=func.now() - RING_AGAIN * 2)
            )
    for row in rows:
        log.warning("job.lost", job=str(row.id), organization=str(row.organization_id), attempt=str(row.attempt))
        metrics.JOBS_LOST.inc()
        try:
            await feed.publish(room.redis, row.id, changed=True)
        except (RedisError, OSError):
            log.info("feed.unreachable", job=str(row.id))


async def _end_story(session: Session, organization_id: UUID, job_id: UUID, seq: int) -> None:
    """Ends what nobody will: the steps, and the stream with its last event. The lost worker can write nothing now."""
    for present, then in ((StepState.RUNNING, StepState.FAILED), (StepState.PENDING, StepState.SKIPPED)):
        await session.execute(
            update(JobStep).where(JobStep.job_id == job_id, JobStep.state == present.value).values(state=then.value)
        )
    ending = Event(seq, now(), "state", {"state": JobState.LOST.value, "outcome": outcome("lost")})
    await feed.store(session, organization_id, job_id, [ending])


async def _unread(room: Room) -> None:
    """Asks for readings that are due, and again for work whose worker vanished."""
    async with room.database.everything() as session:
        await impatiently(session)
        await session.execute(
            update(Database)
            .where(
                Database.read_state.in_(["idle", "failed"]),
                or_(Database.read_requested_at.is_(None), Database.read_requested_at < func.now() - READ_EVERY),
            )
            .values(read_state="waiting", read_requested_at=func.now() - RING_AGAIN * 2)
        )
        await session.execute(
            update(Database)
            .where(
                Database.read_state == "running",
                or_(Database.read_requested_at.is_(None), Database.read_requested_at < func.now() - READ_STUCK),
            )
            .values(read_state="waiting")
        )
        await session.execute(
            update(Project)
            .where(
                Project.poll_minutes > 0,
                Project.fetch_state.in_(["idle", "failed"]),
                or_(Project.fetch_requested_at.is_(None), Project.fetch_requested_at < func.now() - _poll_pause()),
            )
            .values(fetch_state="waiting", fetch_requested_at=func.now() - RING_AGAIN * 2)
        )
        await session.execute(
            update(Project)
            .where(Project.fetch_state == "running", Project.fetch_requested_at < func.now() - STUCK)
            .values(fetch_state="waiting")
        )


def _poll_pause() -> Any:
    """How long a project waits for its next fetch: up to a fifth longer than set, by its id, lest all come at once."""
    own = func.abs(func.hashtext(cast(Project.id, Text))) % 200
    return Project.poll_minutes * (1 + own / 1000.0) * text("interval '1 minute'")
