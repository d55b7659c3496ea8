"""Reads version and heads of a database when somebody asked, or when a job on it was lost."""

import asyncio
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import exists, func, or_, select, update

from stillroom_core.audit.service import Subject, write_found
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.errors import StillroomError
from stillroom_core.happenings.kinds import Happening
from stillroom_core.happenings.telling import emit
from stillroom_core.jobs.lifecycle import JobState
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.queue import RUN_JOB, Ring, ring_after_commit
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.masking import keeping_secrets
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit, Project
from stillroom_core.samples.repository import Due, SampleRepository
from stillroom_worker.addresses import allowed_addresses
from stillroom_worker.cellwork import application_name, target_of
from stillroom_worker.failure import JobFailed
from stillroom_worker.lost import tell_lost_jobs
from stillroom_worker.messages import tell_ignored
from stillroom_worker.overview.ask import sample
from stillroom_worker.own_server import refuse_ours
from stillroom_worker.room import Room
from stillroom_worker.target import SESSION_BROKE, Truth, connect, read_server, read_truth, refuse_another, try_lock

log = structlog.get_logger()

_LOOK_BACK = 10
_END_PATIENCE, _END_EVERY = 10.0, 0.1
_END = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and application_name = any($1) and pid <> pg_backend_pid()
"""


async def read_database(room: Room, database_id: UUID) -> None:
    """Reads once and stores what was found or why it could not be; does nothing when nobody asked."""
    with keeping_secrets():
        await _read_database(room, database_id)


async def _read_database(room: Room, database_id: UUID) -> None:
    async with room.database.everything() as session:
        taken = await session.execute(
            update(Database)
            .where(Database.id == database_id, or_(Database.read_state == "waiting", ~Database.trusted))
            .values(read_state="running", read_requested_at=func.clock_timestamp())
            .returning(Database)
        )
        database = taken.scalar_one_or_none()
        if database is None:
            await tell_ignored(room, Database, database_id)
            return
        notice_after_commit(session, database.organization_id, database.project_id, About.DATABASES)
        project = await session.get_one(Project, database.project_id)
        environment = await session.get_one(Environment, database.environment_id)
        commit = await session.get(Commit, project.commit_id) if project.commit_id else None
        doubtful = [] if database.trusted else await _doubtful_jobs(session, database_id)
        due = await SampleRepository(session, database.organization_id).due(database_id)
    wanted = frozenset(graph_of(commit).revisions) if commit else None
    truth, measured = None, None
    try:
        truth, measured = await _look(room, database, environment, wanted, doubtful, due)
    except (JobFailed, StillroomError) as failure:
        values: dict[str, Any] = {
            "read_state": "failed",
            "read_requested_at": func.clock_timestamp(),
            "read_error": JobFailed.of(failure).as_dict(),
        }
    else:
        values = truth.as_columns()
    await _store(room, database, values, truth)
    if measured is not None:
        async with room.database.transaction(database.organization_id) as session:
            await SampleRepository(session, database.organization_id).add(database_id, measured)


async def _doubtful_jobs(session: Session, database_id: UUID) -> list[UUID]:
    """The latest jobs whose end nobody saw; something of them may still be at work on the server."""
    found = await session.scalars(
        select(Job.id)
        .where(Job.database_id == database_id, Job.state.in_([JobState.LOST.value, JobState.FAILED.value]))
        .order_by(Job.id.desc())
        .limit(_LOOK_BACK)
    )
    return list(found)


async def _end_sessions(session: "asyncpg.Connection", jobs: list[UUID]) -> None:
    """Ends what is left of these jobs on the server: what they do now would make the reading untrue."""
    names = [application_name(str(job)) for job in jobs]
    deadline = monotonic() + _END_PATIENCE
    while await session.fetch(_END, names):
        if monotonic() > deadline:
            raise JobFailed(
                "session_left",
                "A session of a job that is gone still works in this database and does not end.",
                fix="End the sessions that pg_stat_activity shows under the name stillroom:<job>.",
            )
        await asyncio.sleep(_END_EVERY)


async def _look(
    room: Room,
    database: Database,
    environment: Environment,
    wanted: frozenset[str] | None,
    doubtful: list[UUID],
    due: Due,
) -> tuple[Truth, dict[str, Any] | None]:
    target = target_of(database, environment)
    session = await connect(target, await allowed_addresses(room.settings, target), name="stillroom:read")
    try:
        server = await read_server(session)
        await refuse_ours(room, target, server)
        refuse_another(database.server_identity, server.identity)
        if doubtful:
            await _end_sessions(session, doubtful)
            # Held while we read: whoever migrates now, from a terminal perhaps, would make the reading untrue.
            lock = await try_lock(session)
            if not lock.held:
                raise JobFailed(
                    "database_locked",
                    "Somebody else migrates this database just now.",
                    f"The lock is held by {lock.holder}.",
                    "Wait for it to end; the database is read again by itself.",
                )
        truth = await read_truth(session, database.version_tables if database.heads else None, wanted)
        return truth, await _measure(session, database, due)
    except SESSION_BROKE as cause:
        raise JobFailed(
            "read_failed",
            "The database answered, but its version tables could not be read.",
            str(cause),
            "Check that the user may read the version table.",
        ) from None
    finally:
        session.terminate()


async def _measure(session: "asyncpg.Connection", database: Database, due: Due) -> dict[str, Any] | None:
    """How the database fares, on the connection that is there anyhow; what cannot be measured spoils no reading."""
    if not due.sample:
        return None
    try:
        return await sample(session, tables=due.tables)
    except (*SESSION_BROKE, TypeError) as cause:
        log.info("database.not_measured", database=str(database.id), cause=type(cause).__name__)
        return None


async def _tell_moved(session: Session, database: Database, truth: Truth) -> None:
    """What nobody did here: the database stands elsewhere than when it was last read, and no job of ours moved it."""
    before = database.heads
    if before is None or not database.trusted or truth.heads is None or set(before) == set(truth.heads):
        return
    place = Subject(
        kind="database",
        id=str(database.id),
        name=database.name,
        project_id=database.project_id,
        database_id=database.id,
    )
    after = {"heads": list(truth.heads)}
    await write_found(session, database.organization_id, "database.moved", place, {"heads": list(before)}, after)
    was, stands = (", ".join(heads) or "base" for heads in (before, truth.heads))
    text = f"The database stands at {stands} and stood at {was}; no job of Stillroom moved it."
    await _tell(session, Happening.DATABASE_MOVED, database, text, {"heads_before": list(before), **after})


async def _tell_reached(session: Session, database: Database, error: dict[str, Any] | None) -> None:
    """A database that was known cannot be read any more, or can be again."""
    if database.heads_read_at is None or bool(error) == bool(database.read_error):
        return
    if error:
        text = f"{error['title']} {error['detail']}".strip()
        await _tell(session, Happening.DATABASE_UNREACHABLE, database, text, {"error": error})
    else:
        await _tell(session, Happening.DATABASE_REACHABLE, database, "The database can be read again.", {})


async def _tell(session: Session, happening: Happening, database: Database, text: str, data: dict[str, Any]) -> None:
    await emit(
        session,
        happening,
        organization_id=database.organization_id,
        project_id=database.project_id,
        environment_id=database.environment_id,
        database_id=database.id,
        text=text,
        data=data,
    )


async def _store(room: Room, database: Database, values: dict[str, Any], truth: Truth | None) -> None:
    database_id = database.id
    async with room.database.transaction(database.organization_id) as session:
        # A job that was lost is told of anew here too.
        notice_after_commit(session, database.organization_id, database.project_id, About.DATABASES, About.JOBS)
        # While a job runs, its own reading is the newer one.
        running = exists().where(Job.database_id == database_id, Job.state == JobState.RUNNING.value)
        known = await session.scalar(select(Database.heads).where(Database.id == database_id).with_for_update())
        stored = await session.execute(
            update(Database).where(Database.id == database_id, ~running).values(**values).returning(Database.id)
        )
        if stored.scalar_one_or_none() is None:
            await session.execute(
                update(Database).where(Database.id == database_id).values(read_state="idle", read_error=None)
            )
            return
        await _tell_reached(session, database, values.get("read_error"))
        if truth is not None and known == database.heads:
            await _tell_moved(session, database, truth)
        if truth is not None:
            await tell_lost_jobs(session, database_id, truth)
        following = await session.scalar(
            select(Job.id)
            .where(Job.database_id == database_id, Job.state == JobState.QUEUED.value)
            .order_by(Job.id)
            .limit(1)
        )
        if following is not None and values.get("trusted"):
            ring_after_commit(session, Ring(RUN_JOB, following))
