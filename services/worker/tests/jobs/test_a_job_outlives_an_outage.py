"""Our own PostgreSQL goes away for a moment, or for longer than a claim lasts; a lost job is told to its end."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from uuid import UUID, uuid4

import psycopg
import pytest
from redis.asyncio import Redis
from sqlalchemy import func, select, update
from sqlalchemy.engine import make_url

from stillroom_core.database import Database as OurDatabase
from stillroom_core.database import make_engine
from stillroom_core.databases.models import Database
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.jobs.queue import READ_DATABASE, Ring
from stillroom_core.tables import now
from stillroom_testing.jobs_scene import Scene, revision, two_tables
from stillroom_testing.relay import Relay
from stillroom_worker.claims import claim
from stillroom_worker.journal import Journal
from stillroom_worker.room import Room
from stillroom_worker.run_job import run_job
from stillroom_worker.sweep import sweep
from stillroom_worker.target.lock import LOCK_KEYS

# Four tenths of it are for ending the job's processes, on a machine that is busy with other tests too.
_LEASE_S = 15
SLOW = {
    f"aa{n:02}": revision(
        f"aa{n:02}", f"aa{n - 1:02}" if n else None, f'op.execute("select pg_sleep(0.1)")\nprint({n})'
    )
    for n in range(20)
}


@pytest.fixture
async def behind_relay(scene: Scene) -> AsyncIterator[tuple[Room, Relay]]:
    """A worker that reaches our own PostgreSQL through a cable that can be cut."""
    url = make_url(scene.room.settings.database_url.get_secret_value())
    async with Relay(url.port or 5432) as relay:
        ours = OurDatabase(
            make_engine(url.set(host="127.0.0.1", port=relay.port).render_as_string(hide_password=False), pool_size=4)
        )
        yield replace(scene.room, database=ours), relay
        await ours.close()


async def half_way(scene: Scene, key: UUID) -> None:
    async with asyncio.timeout(30):
        while (await scene.finished(key)).job.steps_done < 5:
            await asyncio.sleep(0.05)


async def test_a_moment_without_our_own_database_costs_a_job_nothing(
    scene: Scene, behind_relay: tuple[Room, Relay]
) -> None:
    room, relay = behind_relay
    scene.commit(SLOW)
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    running = asyncio.create_task(run_job(room, key))
    await half_way(scene, key)
    relay.close()
    await asyncio.sleep(1)  # the fault lasts so long
    relay.reopen()
    await asyncio.wait_for(running, 30)
    done = await scene.finished(key)
    assert (done.job.state, done.states()) == ("succeeded", ["done"] * 20), done.job.error
    assert [event.seq for event in done.events] == list(range(1, done.job.last_seq + 1))
    printed = [event.data["text"] for event in done.events if event.data.get("stream") == "stdout"]
    assert printed == [str(n) for n in range(20)]


@pytest.mark.parametrize("away", ["close", "swallow"])
async def test_a_broker_that_is_away_costs_a_running_job_nothing(scene: Scene, away: str) -> None:
    url = make_url(scene.room.settings.redis_url.get_secret_value())
    async with Relay(url.port or 6379) as relay:
        given = url.set(host="127.0.0.1", port=relay.port).render_as_string(hide_password=False)
        redis = Redis.from_url(given, decode_responses=True, socket_timeout=5, socket_connect_timeout=5)
        scene.commit(SLOW)
        await scene.fetch()
        key = await scene.queue_job("upgrade", "head")
        running = asyncio.create_task(run_job(replace(scene.room, redis=redis), key))
        await half_way(scene, key)
        getattr(relay, away)()
        await asyncio.wait_for(running, 60)
        await redis.aclose()
    done = await scene.finished(key)
    assert (done.job.state, done.states()) == ("succeeded", ["done"] * 20), done.job.error
    assert [event.seq for event in done.events] == list(range(1, done.job.last_seq + 1))


async def test_a_network_that_forgot_every_connection_costs_the_job_at_most_and_the_sweep_finds_it(
    scene: Scene, behind_relay: tuple[Room, Relay]
) -> None:
    room, relay = behind_relay
    room = replace(room, settings=room.settings.model_copy(update={"lease_s": 5}))
    scene.commit(SLOW)
    await scene.fetch()
    await sweep(room)  # its connections are in the pool, too
    key = await scene.queue_job("upgrade", "head")
    running = asyncio.create_task(run_job(room, key))
    await half_way(scene, key)
    relay.forget()
    await asyncio.wait_for(running, 60)
    async with asyncio.timeout(60):
        while (await scene.finished(key)).job.state == "running":
            await sweep(room)
            await asyncio.sleep(0.1)
    assert (await scene.finished(key)).job.state in ("succeeded", "lost")
    assert relay.accepted > 1


async def test_an_outage_longer_than_the_lease_ends_the_job_before_it_is_lost(
    scene: Scene, behind_relay: tuple[Room, Relay]
) -> None:
    room, relay = behind_relay
    room = replace(room, settings=room.settings.model_copy(update={"lease_s": _LEASE_S}))
    scene.commit(SLOW)
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    running = asyncio.create_task(run_job(room, key))
    await half_way(scene, key)
    relay.close()
    began = monotonic()
    await asyncio.wait_for(running, 30)
    assert monotonic() - began < _LEASE_S, "the lease had passed, and somebody else might have begun"
    assert scene.ask("select count(*) from pg_stat_activity where application_name like 'stillroom:%'") == 0
    relay.reopen()
    before = await scene.finished(key)
    async with asyncio.timeout(10):
        while (await scene.finished(key)).job.state == "running":
            await sweep(room)
            await asyncio.sleep(0.1)
    lost = await scene.finished(key)
    assert (lost.job.state, lost.job.outcome["code"]) == ("lost", "lost")
    assert len(lost.events) == len(before.events) + 1
    read = await scene.read()
    told = (await scene.finished(key)).job
    assert (told.outcome["code"], told.heads_after, read.trusted) == ("lost_read", read.heads, True)


async def test_a_network_that_swallows_everything_ends_the_job_before_it_is_lost_too(
    scene: Scene, behind_relay: tuple[Room, Relay]
) -> None:
    room, relay = behind_relay
    room = replace(room, settings=room.settings.model_copy(update={"lease_s": _LEASE_S}))
    scene.commit({"aaa1": revision("aaa1", None, 'op.execute("create table t ()")\nop.execute("select pg_sleep(60)")')})
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    running = asyncio.create_task(run_job(room, key))
    async with asyncio.timeout(30):
        while "pg_sleep" not in (await scene.finished(key)).told:
            await asyncio.sleep(0.05)
    relay.swallow()
    async with asyncio.timeout(_LEASE_S):
        while scene.ask(
            "select count(*) from pg_stat_activity where query like '%pg_sleep%' and pid <> pg_backend_pid()"
        ):
            await asyncio.sleep(0.05)
    relay.reopen()
    await asyncio.wait_for(running, 30)
    assert scene.ask("select to_regclass('t') is null")


async def test_the_heart_beats_whatever_the_job_waits_for(scene: Scene) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    ours = await claim(scene.room, key)
    assert ours is not None
    journal = Journal(scene.room, ours.job, ours.attempt)
    journal.start()
    async with asyncio.timeout(10):
        while (await scene.finished(key)).job.heartbeat_at <= ours.job.heartbeat_at + timedelta(seconds=1):
            await asyncio.sleep(0.05)
    await journal.stop()


async def lose(scene: Scene, key: UUID) -> None:
    """The worker of a running job is gone, and its time is over."""
    async with scene.room.database.everything() as session:
        silent = func.clock_timestamp() - timedelta(minutes=5)
        await session.execute(
            update(Job).values(state="running", attempt=uuid4(), started_at=now(), heartbeat_at=silent, last_seq=0)
        )
        organization = await session.scalar(select(Job.organization_id).where(Job.id == key))
        for position, state in enumerate(("done", "running", "pending")):
            session.add(
                JobStep(job_id=key, organization_id=organization, position=position, kind="x", title="x", state=state)
            )
    await sweep(scene.room)


async def test_a_lost_job_s_stream_and_steps_come_to_an_end(scene: Scene) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    await lose(scene, key)
    lost = await scene.finished(key)
    assert [step.state for step in lost.steps] == ["done", "failed", "skipped"]
    assert [(event.seq, event.type, event.data["state"]) for event in lost.events] == [(1, "state", "lost")]
    assert lost.job.last_seq == 1


async def test_a_doubtful_database_is_not_read_while_a_terminal_migrates_it(scene: Scene) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await lose(scene, await scene.queue_job("upgrade", "head"))
    with psycopg.connect(scene.target.url, autocommit=True) as terminal:
        terminal.execute("select pg_advisory_lock(%s::int, %s::int)", LOCK_KEYS)
        read = await scene.read()
        assert (read.trusted, read.read_error["code"] if read.read_error else None) == (False, "database_locked")
    assert (await scene.read()).trusted


async def test_a_doubtful_database_that_cannot_be_reached_is_not_rung_at_every_round(scene: Scene) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await lose(scene, await scene.queue_job("upgrade", "head"))
    async with scene.room.database.everything() as session:
        await session.execute(update(Database).values(host="127.0.0.1", port=1))
    key = (await scene.read()).id
    rung = Ring(READ_DATABASE, key)
    scene.queue.rings.clear()
    await sweep(scene.room)
    assert rung not in scene.queue.rings
    async with scene.room.database.everything() as session:
        await session.execute(update(Database).values(read_requested_at=now() - timedelta(minutes=1)))
    await sweep(scene.room)
    assert rung in scene.queue.rings
