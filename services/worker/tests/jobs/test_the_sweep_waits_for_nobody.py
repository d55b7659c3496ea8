"""A host that vanishes says nothing to the server, which keeps its session, its transaction and its row locks.

Whoever cleans up must not stand behind them, and they must not stand for long.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError

from stillroom_core.database import is_outage
from stillroom_core.databases.models import Database
from stillroom_core.databases.service import create_database
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.queue import RUN_JOB, Ring
from stillroom_core.tables import now
from stillroom_testing.installations import owner_url
from stillroom_testing.jobs_scene import two_tables
from stillroom_worker.room import Room
from stillroom_worker.sweep import sweep

WITHIN = 10


@contextmanager
def vanished(statement: str, *values: Any) -> Iterator[None]:
    """A session of ours on our own PostgreSQL whose process is gone in the middle of a transaction."""
    with psycopg.connect(owner_url()) as connection:
        connection.execute(statement, values)  # type: ignore[call-overload]
        yield
        connection.rollback()


async def two_silent_jobs(scene: Any) -> tuple[UUID, UUID]:
    """Two running jobs on two databases whose hearts have not beaten for minutes."""
    scene.commit(two_tables())
    await scene.fetch()
    first = await scene.queue_job("upgrade", "head")
    async with scene.room.database.everything() as session:
        job = await session.get_one(Job, first)
        environment = (await session.scalars(select(Environment))).one()
        other = await create_database(
            session,
            await scene._actor(session),
            environment,
            {"name": "other", "host": "127.0.0.1", "port": 1, "database": "x", "username": "x", "sslmode": "disable"},
        )
        copied = {c.key: getattr(job, c.key) for c in Job.__table__.columns if c.key not in ("id", "plan_id")}
        second = Job(**copied | {"number": job.number + 1, "database_id": other.id, "idempotency_key": None})
        session.add(second)
        await session.flush()
        silent = func.clock_timestamp() - timedelta(minutes=5)
        await session.execute(
            update(Job).values(state="running", attempt=uuid4(), started_at=now(), heartbeat_at=silent, last_seq=0)
        )
        return first, second.id


async def state(scene: Any, key: UUID) -> str:
    return str((await scene.finished(key)).job.state)


async def test_a_row_that_a_vanished_worker_holds_keeps_no_other_job_from_being_lost(scene: Any) -> None:
    held, free = await two_silent_jobs(scene)
    with vanished("update jobs set steps_done = 1 where id = %s", held):
        await asyncio.wait_for(sweep(scene.room), WITHIN)
        assert (await state(scene, held), await state(scene, free)) == ("running", "lost")
    await asyncio.wait_for(sweep(scene.room), WITHIN)
    assert await state(scene, held) == "lost"


async def test_a_database_that_a_vanished_worker_holds_keeps_no_other_from_being_swept(scene: Any) -> None:
    held, free = await two_silent_jobs(scene)
    query = "select 1 from databases where id = (select database_id from jobs where id = %s) for update"
    with vanished(query, held):
        await asyncio.wait_for(sweep(scene.room), WITHIN)
        assert (await state(scene, held), await state(scene, free)) == ("running", "lost")
    await asyncio.wait_for(sweep(scene.room), WITHIN)
    assert await state(scene, held) == "lost"


async def test_whatever_is_held_the_other_jobs_are_rung(scene: Any) -> None:
    held, waiting = await two_silent_jobs(scene)
    scene.queue.rings.clear()
    async with scene.room.database.everything() as session:
        waits = {"state": "queued", "attempt": None, "rung_at": now() - timedelta(minutes=1)}
        await session.execute(update(Job).values(**waits))
        await session.execute(update(Database).values(trusted=True))
        await session.execute(update(Database).values(read_state="running", read_requested_at=None))
    with (
        vanished("update jobs set steps_done = 1 where id = %s", held),
        vanished("update databases set port = port"),
        vanished("update projects set name = name"),
    ):
        await asyncio.wait_for(sweep(scene.room), WITHIN)
    assert [ring for ring in scene.queue.rings if ring.task == RUN_JOB] == [Ring(RUN_JOB, waiting)]


async def test_the_server_ends_a_transaction_of_a_vanished_worker_before_another_heart_gives_up(scene: Any) -> None:
    room: Room = scene.room
    async with room.database.everything() as session:
        shown = await session.scalar(
            text("select setting::int from pg_settings where name = 'idle_in_transaction_session_timeout'")
        )
    assert 0 < shown < 0.6 * type(room.settings).model_fields["lease_s"].default * 1000


async def test_a_transaction_that_the_server_ended_for_its_idling_is_tried_again(scene: Any) -> None:
    with pytest.raises(DBAPIError) as ended:
        async with scene.room.database.everything() as session:
            await session.execute(text("set local idle_in_transaction_session_timeout = '100ms'"))
            await asyncio.sleep(0.5)  # frozen for longer than it may be
            await session.execute(text("select 1"))
    assert is_outage(ended.value)
