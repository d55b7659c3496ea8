"""A worker that is told to end gives its jobs a bounded time, and none of them is lost for it."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from stillroom_core.jobs.lifecycle import JobState
from stillroom_core.jobs.queue import RUN_JOB, Ring
from stillroom_testing.jobs_scene import revision, two_tables
from stillroom_testing.waiting import until
from stillroom_worker import code as codes
from stillroom_worker import drain
from stillroom_worker.run_job import run_job

SLOW = "select pg_sleep(600) /* slow */"
BUSY = (
    "select count(*) from pg_stat_activity where query like '%/* slow */%' and state = 'active' "
    "and pid <> pg_backend_pid()"
)


@pytest.fixture(autouse=True)
def _told() -> Iterator[None]:
    yield
    drain.forget()


async def test_a_job_that_ends_in_time_is_not_disturbed(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    drain.begin(timedelta(minutes=5))
    assert (await scene.run("upgrade", "head")).job.state == JobState.SUCCEEDED


async def test_a_job_whose_code_runs_is_stopped_and_its_end_is_known(scene: Any) -> None:
    scene.commit({"aaa1": two_tables()["aaa1"], "bbb2": revision("bbb2", "aaa1", f'op.execute("{SLOW}")')})
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    running = asyncio.create_task(run_job(scene.room, key))
    await until(lambda: scene.ask(BUSY))
    drain.begin(timedelta(0))
    await asyncio.wait_for(running, 60)
    done = await scene.finished(key)
    assert (done.job.state, done.code) == (JobState.FAILED, "worker_ended")
    assert done.job.outcome == {"code": "failed_partial", "params": {"heads": ["aaa1"], "done": 1, "total": 2}}
    assert done.job.heads_after == ["aaa1"]
    assert "The worker was told to end" in done.told
    assert scene.ask(BUSY) == 0
    drain.forget()
    again = await scene.run("upgrade", "aaa1")  # the database is trusted, and free
    assert again.job.state == JobState.SUCCEEDED


async def test_a_job_whose_code_has_not_begun_goes_back_and_runs_elsewhere_from_the_start(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    reached = asyncio.Event()

    async def endless(*_of_the_call: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    with monkeypatch.context() as patch:
        patch.setattr(codes, "virtualenv", endless)
        running = asyncio.create_task(run_job(scene.room, key))
        await asyncio.wait_for(reached.wait(), 30)
        scene.queue.rings.clear()
        drain.begin(timedelta(0))
        await asyncio.wait_for(running, 30)
    given_back = await scene.finished(key)
    assert (given_back.job.state, given_back.job.attempt, given_back.job.started_at) == (JobState.QUEUED, None, None)
    assert Ring(RUN_JOB, key) in scene.queue.rings
    assert scene.ask("select to_regclass('a') is null")
    drain.forget()
    await run_job(scene.room, key)
    done = await scene.finished(key)
    assert (done.job.state, done.states()) == (JobState.SUCCEEDED, ["done", "done"])
    # One stream of two workers: without a gap, and nothing of the first one overwritten.
    assert [event.seq for event in done.events] == list(range(1, len(done.events) + 1))
    states = [event.data["state"] for event in done.events if event.type == "state"]
    assert states == ["running", "queued", "running", "succeeded"]


async def test_a_cancel_comes_before_the_end_of_the_worker(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    reached = asyncio.Event()

    async def endless(*_of_the_call: Any) -> None:
        reached.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(codes, "virtualenv", endless)
    running = asyncio.create_task(run_job(scene.room, key))
    await asyncio.wait_for(reached.wait(), 30)
    await scene.cancel(key)
    await asyncio.wait_for(running, 30)
    assert (await scene.finished(key)).job.state == JobState.CANCELLED
