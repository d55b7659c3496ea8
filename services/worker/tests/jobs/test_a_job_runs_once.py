"""The row is the queue: duplicates, races and vanished workers change nothing twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import update

from stillroom_core.databases.models import Database
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.queue import READ_DATABASE, RUN_JOB, Ring
from stillroom_core.tables import now
from stillroom_core.telemetry import metrics
from stillroom_testing.installations import owner_url
from stillroom_testing.jobs_scene import revision, two_tables
from stillroom_worker import run_job as run_job_module
from stillroom_worker.run_job import run_job
from stillroom_worker.sandbox import CellFailed
from stillroom_worker.supervise import Supervisor
from stillroom_worker.sweep import sweep
from stillroom_worker.target.lock import LOCK_KEYS


@asynccontextmanager
async def waiting_for_a_terminal(
    scene: Any, key: UUID
) -> AsyncIterator[tuple["psycopg.Connection[Any]", "asyncio.Task[None]"]]:
    """A terminal that holds the lock, and the run of a job that has told that it waits for it."""
    with psycopg.connect(scene.target.url, autocommit=True) as terminal:
        terminal.execute("select pg_advisory_lock(%s::int, %s::int)", LOCK_KEYS)
        running = asyncio.create_task(run_job(scene.room, key))
        async with asyncio.timeout(30):
            while "lock_waiting" not in (await scene.finished(key)).told:
                await asyncio.sleep(0.05)
        yield terminal, running


async def test_a_message_for_a_job_that_does_not_exist_does_nothing(scene: Any) -> None:
    await run_job(scene.room, uuid4())


async def test_a_redelivered_message_does_nothing(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    done = await scene.run("upgrade", "head")
    await run_job(scene.room, done.job.id)
    again = await scene.finished(done.job.id)
    assert again.job.finished_at == done.job.finished_at
    assert len(again.events) == len(done.events)


async def test_the_same_message_twice_at_once_runs_once(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    await asyncio.gather(run_job(scene.room, key), run_job(scene.room, key), run_job(scene.room, key))
    done = await scene.finished(key)
    assert done.job.state == "succeeded", done.job.error
    assert sum(1 for event in done.events if event.type == "state") == 2


async def test_two_jobs_on_one_database_never_overlap(scene: Any) -> None:
    scene.commit({"aaa1": revision("aaa1", None, "time.sleep(0.5)"), "bbb2": two_tables()["bbb2"]})
    await scene.fetch()
    first = await scene.queue_job("upgrade", "aaa1")
    second = await scene.queue_job("upgrade", "head")
    await asyncio.gather(run_job(scene.room, first), run_job(scene.room, second))
    assert (await scene.finished(second)).job.state == "queued"
    assert Ring(RUN_JOB, second) in scene.queue.rings
    await run_job(scene.room, second)
    one, two = (await scene.finished(first)).job, (await scene.finished(second)).job
    assert (one.state, two.state) == ("succeeded", "succeeded")
    assert one.finished_at <= two.started_at


async def test_a_job_waits_for_a_lock_that_a_terminal_holds(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    async with waiting_for_a_terminal(scene, key) as (_, running):
        assert scene.ask("select to_regclass('a') is null")
    await asyncio.wait_for(running, 30)
    assert (await scene.finished(key)).job.state == "succeeded"


async def test_a_job_without_heartbeat_is_lost_and_holds_the_database_until_it_is_read(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    async with scene.room.database.everything() as session:
        await session.execute(
            update(Job).values(
                state="running", attempt=uuid4(), started_at=now(), heartbeat_at=now() - timedelta(minutes=5)
            )
        )
    following = await scene.queue_job("upgrade", "head")
    await sweep(scene.room)
    lost = await scene.finished(key)
    assert (lost.job.state, lost.job.outcome["code"]) == ("lost", "lost")
    database = await scene.database()
    assert not database.trusted
    assert Ring(READ_DATABASE, database.id) in scene.queue.rings
    await run_job(scene.room, following)
    assert (await scene.finished(following)).job.state == "queued"
    read = await scene.read()
    assert read.trusted
    assert read.heads == []
    await run_job(scene.room, following)
    assert (await scene.finished(following)).job.state == "succeeded"


async def test_what_a_lost_job_left_on_the_server_is_ended_before_the_database_is_trusted(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    async with scene.room.database.everything() as session:
        await session.execute(update(Job).values(state="lost", finished_at=now()))
        await session.execute(update(Database).values(trusted=False))
    with psycopg.connect(scene.target.url, application_name=f"stillroom:{key}") as left:
        left.execute("create table half_done ()")
        read = await scene.read()
        with pytest.raises(psycopg.OperationalError):
            left.execute("select 1")
    assert read.trusted
    assert scene.ask("select to_regclass('half_done') is null")


def forgetting_failed() -> float:
    samples = [one for family in metrics.SWEEP_FAILURES.collect() for one in family.samples]
    return sum(one.value for one in samples if one.name.endswith("_total") and one.labels["part"] == "forget")


async def test_a_part_of_the_sweep_that_fails_keeps_no_other_from_its_turn(scene: Any) -> None:
    async with scene.room.database.everything() as session:
        await session.execute(
            update(Database).values(trusted=False, read_state="running", read_requested_at=now() - timedelta(minutes=3))
        )
    before = forgetting_failed()
    with psycopg.connect(owner_url(), autocommit=True) as owner:
        owner.execute("alter table mails rename to mails_elsewhere")
        try:
            await sweep(scene.room)
        finally:
            owner.execute("alter table mails_elsewhere rename to mails")
    assert forgetting_failed() == before + 1
    assert Ring(READ_DATABASE, (await scene.database()).id) in scene.queue.rings


async def test_a_reading_whose_worker_vanished_is_asked_for_again(scene: Any) -> None:
    async with scene.room.database.everything() as session:
        await session.execute(
            update(Database).values(trusted=False, read_state="running", read_requested_at=now() - timedelta(minutes=3))
        )
    await sweep(scene.room)
    assert Ring(READ_DATABASE, (await scene.database()).id) in scene.queue.rings


async def test_a_server_that_ends_the_session_of_a_waiting_job_fails_it_with_words(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    async with waiting_for_a_terminal(scene, key) as (terminal, running):
        terminal.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s", [f"stillroom:{key}"]
        )
        await asyncio.wait_for(running, 30)
    job = (await scene.finished(key)).job
    assert (job.state, job.outcome["code"], job.error["code"]) == ("failed", "failed_before_start", "read_failed")


async def test_a_worker_that_wakes_after_its_job_was_lost_writes_nothing_about_the_database(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    conclude = run_job_module.JobRun._conclude

    def lose() -> None:
        with psycopg.connect(owner_url()) as metadata:
            metadata.execute("update jobs set state = 'lost', finished_at = now() where id = %s", [key])
            metadata.execute("update databases set trusted = false, heads = '[\"read-later\"]'")

    async def sleep_past_the_lease(*facts: Any, **named: Any) -> Any:
        # In a thread: a heartbeat on its way may hold the job's row, and ends only while this loop goes on.
        await asyncio.to_thread(lose)
        return await conclude(*facts, **named)

    monkeypatch.setattr(run_job_module.JobRun, "_conclude", sleep_past_the_lease)
    await run_job(scene.room, key)
    database = await scene.database()
    assert (await scene.finished(key)).job.state == "lost"
    assert (database.trusted, database.heads) == (False, ["read-later"])


async def test_a_worker_whose_job_is_declared_lost_while_it_stores_its_reading_does_not_make_the_database_trusted(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    store = run_job_module.JobRun._store

    async def meet_the_sweep(*facts: Any) -> None:
        sweeper = await asyncio.to_thread(psycopg.connect, owner_url())
        with sweeper:
            await asyncio.to_thread(
                sweeper.execute, "update jobs set state = 'lost', finished_at = now() where id = %s", [key]
            )
            sweeper.execute("update databases set trusted = false, heads = '[\"read-later\"]'")
            storing = asyncio.create_task(store(*facts))
            # For the sweeper's row, or behind a heartbeat that waits for it.
            waits = (
                "select count(*) from pg_stat_activity"
                " where datname = current_database() and wait_event_type = 'Lock' and query ~ %s"
            )
            async with asyncio.timeout(30):
                while not _count(waits, ["FOR UPDATE|UPDATE databases"]):
                    await asyncio.sleep(0.02)
        await storing

    monkeypatch.setattr(run_job_module.JobRun, "_store", meet_the_sweep)
    await run_job(scene.room, key)
    database = await scene.database()
    assert (await scene.finished(key)).job.state == "lost"
    assert (database.trusted, database.heads) == (False, ["read-later"])


def _count(question: str, parameters: list[Any]) -> int:
    with psycopg.connect(owner_url(), autocommit=True) as metadata:
        found = metadata.execute(question, parameters).fetchone()
        assert found is not None
        return int(found[0])


async def test_a_failure_of_ours_after_the_projects_code_ran_does_not_claim_that_nothing_changed(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")

    watch = Supervisor.watch

    async def fails(supervisor: Supervisor, prisoner: Any) -> Any:
        await watch(supervisor, prisoner)
        raise CellFailed("its end cannot be seen")

    monkeypatch.setattr(Supervisor, "watch", fails)
    await run_job(scene.room, key)
    job = (await scene.finished(key)).job
    assert (job.state, job.outcome["code"]) == ("failed", "unknown")
    assert not (await scene.database()).trusted


async def test_a_queued_job_that_nobody_heard_of_is_rung_again(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    scene.queue.rings.clear()
    async with scene.room.database.everything() as session:
        await session.execute(update(Job).values(rung_at=now() - timedelta(minutes=1)))
        await session.execute(update(Database).values(read_requested_at=now()))
    await sweep(scene.room)
    assert Ring(RUN_JOB, key) in scene.queue.rings
