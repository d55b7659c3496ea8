"""Who waits for whom, told while it lasts; a job that makes others wait too long is stopped."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from time import monotonic
from typing import Any

import psycopg
import pytest
from sqlalchemy import update

from stillroom_core.databases.models import Database
from stillroom_core.jobs.feed import Event
from stillroom_testing.jobs_scene import Finished, revision, two_tables
from stillroom_testing.relay import Relay
from stillroom_worker import lockwatch
from stillroom_worker.run_job import run_job

ALTER = revision("bbb2", "aaa1", 'op.execute("alter table a add column note text")')


@contextmanager
def holding(scene: Any, lock: str = "access share") -> Iterator[psycopg.Connection]:
    """A session of somebody else that holds a lock on table a."""
    with psycopg.connect(scene.target.url, application_name="reporting") as connection:
        connection.execute(f"lock table a in {lock} mode")  # type: ignore[call-overload]
        yield connection


async def at_aaa1(scene: Any, second: str) -> None:
    scene.commit(two_tables() | {"bbb2": second})
    await scene.fetch()
    await scene.run("upgrade", "aaa1")


async def told(scene: Any, key: Any, wanted: Any) -> Event:
    """The first event of a running job that is as wanted."""
    async with asyncio.timeout(20):
        while True:
            for event in (await scene.finished(key)).events:
                if event.type == "locks" and wanted(event.data):
                    return event
            await asyncio.sleep(0.05)


async def ended(scene: Any, key: Any, running: "asyncio.Task[None]") -> Finished:
    await asyncio.wait_for(running, 40)
    return await scene.finished(key)  # type: ignore[no-any-return]


async def test_a_job_that_waits_tells_for_which_lock_and_who_holds_it(scene: Any) -> None:
    await at_aaa1(scene, ALTER)
    await scene.change(lock_timeout_ms=20_000)
    with holding(scene) as other:
        key = await scene.queue_job("upgrade", "head")
        running = asyncio.create_task(run_job(scene.room, key))
        event = await told(scene, key, lambda data: data["blockers"])
        assert [session["pid"] for session in event.data["blockers"]] == [other.info.backend_pid]
        assert event.data["waiting"][0]["wants"] == "a"
        assert "Waits for a lock on a, held by" in event.data["text"]
        assert "reporting, idle in transaction" in event.data["text"]
        (own,) = event.data["own"]
        assert (own["pid"], own["blockers"]) == (event.data["waiting"][0]["pid"], [other.info.backend_pid])
        assert (own["wait_event"], "alter table a" in own["query"]) == ("Lock: relation", True)
        assert own["query_s"] >= 0.5
        holder = event.data["blockers"][0]
        assert (holder["username"], holder["wait_event"]) == (scene.target.user, "Client: ClientRead")
        assert holder["transaction_s"] >= holder["query_s"]
        with psycopg.connect(scene.target.url) as looking:
            began = "select extract(epoch from backend_start)::float8 from pg_stat_activity where pid = %s"
            assert looking.execute(began, [holder["pid"]]).fetchone() == (holder["started"],)
    done = await ended(scene, key, running)
    assert done.job.state == "succeeded", done.job.error


async def test_a_job_that_others_wait_for_tells_who_they_are(scene: Any) -> None:
    slow = revision("bbb2", "aaa1", 'op.execute("alter table a add column n int")\nop.execute("select pg_sleep(5)")')
    await at_aaa1(scene, slow)
    key = await scene.queue_job("upgrade", "head")
    running = asyncio.create_task(run_job(scene.room, key))
    await asyncio.to_thread(until_locked, scene)
    with psycopg.connect(scene.target.url, application_name="shop web") as other:
        reading = asyncio.create_task(asyncio.to_thread(other.execute, "select * from a"))
        event = await told(scene, key, lambda data: data["blocked"])
        assert event.data["blocked"][0]["pid"] == other.info.backend_pid
        assert "Makes others wait" in event.data["text"]
        assert "shop web" in event.data["text"]
        # The job holds and waits for nobody: it is the root nevertheless.
        (own,) = event.data["own"]
        assert (event.data["blocked"][0]["blockers"], own["blockers"]) == ([own["pid"]], [])
        assert "pg_sleep" in own["query"]
        await reading
    done = await ended(scene, key, running)
    assert done.job.state == "succeeded", done.job.error


async def test_a_job_that_makes_others_wait_too_long_is_stopped_and_nothing_is_changed(scene: Any) -> None:
    slow = revision("bbb2", "aaa1", 'op.execute("alter table a add column n int")\nop.execute("select pg_sleep(60)")')
    await at_aaa1(scene, slow)
    await scene.change(blocking_limit_s=1)
    key = await scene.queue_job("upgrade", "head")
    running = asyncio.create_task(run_job(scene.room, key))
    await asyncio.to_thread(until_locked, scene)
    with psycopg.connect(scene.target.url) as other:
        await asyncio.to_thread(other.execute, "select * from a")
    done = await ended(scene, key, running)
    assert (done.job.state, done.code, done.job.outcome["code"]) == ("failed", "blocked_others", "failed_unchanged")
    assert (await scene.database()).heads == ["aaa1"]


async def sessions_of(scene: Any, target: str) -> int:
    """How many sessions a job opened on its database."""
    async with Relay(scene.target.port) as counting:
        async with scene.room.database.everything() as session:
            await session.execute(update(Database).values(host="127.0.0.1", port=counting.port))
        done = await scene.run("upgrade", target)
        assert done.job.state == "succeeded", done.job.error
        return counting.accepted


async def test_a_quick_job_costs_the_server_no_session_and_no_query_for_looking(scene: Any) -> None:
    idle = revision("bbb2", "aaa1", 'op.execute("alter table a add column n int")\ntime.sleep(2.5)')
    slow = revision("ccc3", "bbb2", 'op.execute("select pg_sleep(2.5)")')
    scene.commit(two_tables() | {"bbb2": idle, "ccc3": slow})
    await scene.fetch()
    await scene.run("upgrade", "aaa1")
    assert await sessions_of(scene, "bbb2") == 2  # the lock's, and the project's own
    assert await sessions_of(scene, "ccc3") == 3


async def test_the_server_is_looked_at_once_a_second_at_most(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[float] = []
    look = lockwatch.read_waits

    async def counted(*facts: Any) -> Any:
        looks.append(monotonic())
        return await look(*facts)

    monkeypatch.setattr(lockwatch, "read_waits", counted)
    await at_aaa1(scene, revision("bbb2", "aaa1", 'op.execute("select pg_sleep(3.5)")'))
    assert (await scene.run("upgrade", "head")).job.state == "succeeded"
    assert looks
    assert all(later - earlier >= 0.99 for earlier, later in pairwise(looks))


async def test_an_index_that_is_built_tells_how_far_it_is(scene: Any) -> None:
    body = """
        with op.get_context().autocommit_block():
            op.execute("create index concurrently ix_a on a (id)")
    """
    await at_aaa1(scene, revision("bbb2", "aaa1", body))
    await scene.change(lock_timeout_ms=0)
    with psycopg.connect(scene.target.url, application_name="reporting") as other:
        other.execute("insert into a values (1)")  # the build waits for this transaction
        key = await scene.queue_job("upgrade", "head")
        running = asyncio.create_task(run_job(scene.room, key))
        event = await told(scene, key, lambda data: data["builds"] and data["blockers"])
    (build,) = event.data["builds"]
    assert (build["pid"], build["relation"]) == (event.data["own"][0]["pid"], "a")
    assert build["phase"].startswith("waiting for")
    assert (await ended(scene, key, running)).job.state == "succeeded"


def until_locked(scene: Any) -> None:
    """Waits until the job's revision holds its lock on table a."""
    with psycopg.connect(scene.target.url, autocommit=True) as connection:
        for _ in range(4000):
            held = connection.execute(
                "select 1 from pg_locks where relation = to_regclass('a') and mode = 'AccessExclusiveLock' and granted"
            ).fetchone()
            if held:
                return
            connection.execute("select pg_sleep(0.01)")
    raise AssertionError("the job never locked the table")
