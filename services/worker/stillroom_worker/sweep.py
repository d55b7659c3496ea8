"""Every few seconds: rings again for what nobody picked up, and declares lost what nobody works on."""

from datetime import timedelta

import structlog
from redis.exceptions import RedisError
from sqlalchemy import or_, select, update

from stillroom_core.databases.models import Database
from stillroom_core.jobs import feed
from stillroom_core.jobs.lifecycle import CHANGES_DATABASE, JobState
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.outcome import outcome
from stillroom_core.jobs.queue import FETCH_PROJECT, READ_DATABASE, RUN_JOB, Ring, ring_after_commit
from stillroom_core.plans.repository import forget_expired
from stillroom_core.projects.models import Project
from stillroom_core.tables import now
from stillroom_worker.room import Room

log = structlog.get_logger()

# Ten missed beats of one second each, and as much again for a machine that is busy.
SILENT = timedelta(seconds=20)
RING_AGAIN = timedelta(seconds=5)
STUCK = timedelta(minutes=15)
# Signing in, ending what a lost job left and reading have bounds that add up to less than a minute.
READ_STUCK = timedelta(minutes=2)
READ_EVERY = timedelta(minutes=5)
_MOST = 200


async def sweep(room: Room) -> None:
    """One round; every part may be repeated at any time by any worker."""
    await _lost(room)
    await _unread(room)
    async with room.database.transaction() as session:
        await forget_expired(session)
        waiting = await session.scalars(
            select(Job.id)
            .where(
                Job.state == JobState.QUEUED.value,
                or_(Job.rung_at.is_(None), Job.rung_at < now() - RING_AGAIN),
            )
            .order_by(Job.id)
            .limit(_MOST)
        )
        for job_id in (jobs := list(waiting)):
            ring_after_commit(session, Ring(RUN_JOB, job_id))
        if jobs:
            await session.execute(update(Job).where(Job.id.in_(jobs)).values(rung_at=now()))
        for project_id in await session.scalars(
            select(Project.id)
            .where(Project.fetch_state == "waiting", Project.fetch_requested_at < now() - RING_AGAIN)
            .limit(_MOST)
        ):
            ring_after_commit(session, Ring(FETCH_PROJECT, project_id))
        for database_id in await session.scalars(
            select(Database.id)
            .where(
                or_(
                    (Database.read_state == "waiting") & (Database.read_requested_at < now() - RING_AGAIN),
                    ~Database.trusted & (Database.read_state != "running"),
                )
            )
            .limit(_MOST)
        ):
            ring_after_commit(session, Ring(READ_DATABASE, database_id))


async def _lost(room: Room) -> None:
    """A running job without a heartbeat: its worker is gone, and nobody knows what it did."""
    async with room.database.transaction() as session:
        rows = (
            await session.execute(
                update(Job)
                .where(Job.state == JobState.RUNNING.value, Job.heartbeat_at < now() - SILENT)
                .values(state=JobState.LOST.value, finished_at=now(), outcome=outcome("lost"))
                .returning(Job.id, Job.database_id, Job.kind)
            )
        ).all()
        doubtful = [row.database_id for row in rows if row.kind in {kind.value for kind in CHANGES_DATABASE}]
        if doubtful:
            await session.execute(
                update(Database)
                .where(Database.id.in_(doubtful))
                .values(trusted=False, read_state="waiting", read_requested_at=now())
            )
    for row in rows:
        log.warning("job.lost", job=str(row.id))
        try:
            await feed.publish(room.redis, row.id, changed=True)
        except (RedisError, OSError):
            log.info("feed.unreachable", job=str(row.id))


async def _unread(room: Room) -> None:
    """Asks for readings that are due, and again for work whose worker vanished."""
    async with room.database.transaction() as session:
        await session.execute(
            update(Database)
            .where(
                Database.read_state.in_(["idle", "failed"]),
                or_(Database.read_requested_at.is_(None), Database.read_requested_at < now() - READ_EVERY),
            )
            .values(read_state="waiting", read_requested_at=now() - RING_AGAIN * 2)
        )
        await session.execute(
            update(Database)
            .where(
                Database.read_state == "running",
                or_(Database.read_requested_at.is_(None), Database.read_requested_at < now() - READ_STUCK),
            )
            .values(read_state="waiting")
        )
        await session.execute(
            update(Project)
            .where(Project.fetch_state == "running", Project.fetch_requested_at < now() - STUCK)
            .values(fetch_state="waiting")
        )
