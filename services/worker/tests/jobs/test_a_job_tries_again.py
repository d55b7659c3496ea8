"""A run that only lost to somebody's lock begins again; whatever might have left something behind does not."""

import asyncio
from typing import Any

import psycopg
import pytest

from stillroom_core.jobs.lifecycle import JobState
from stillroom_testing.jobs_scene import Finished, revision, two_tables
from stillroom_worker.run_job import run_job

ALTER = revision("ccc3", "bbb2", 'op.execute("alter table a add column note text")')


async def at_aaa1(scene: Any, **environment: Any) -> None:
    scene.commit(two_tables() | {"ccc3": ALTER})
    await scene.fetch()
    await scene.run("upgrade", "aaa1")
    await scene.change(lock_timeout_ms=300, **environment)


async def begun(scene: Any, key: Any, word: str) -> None:
    async with asyncio.timeout(30):
        while word not in (await scene.finished(key)).told:
            await asyncio.sleep(0.05)


async def against_a_lock(scene: Any, target: str, *, let_go: bool) -> Finished:
    """An upgrade that meets a lock on table a, which is let go when the first try has failed, or never."""
    with psycopg.connect(scene.target.url) as other:
        other.execute("lock table a in access share mode")
        key = await scene.queue_job("upgrade", target)
        running = asyncio.create_task(run_job(scene.room, key))
        if let_go:
            await begun(scene, key, "trying_again")
            other.rollback()
        await asyncio.wait_for(running, 60)
    return await scene.finished(key)  # type: ignore[no-any-return]


async def test_a_run_that_lost_to_a_lock_goes_on_from_the_revision_that_failed(scene: Any) -> None:
    await at_aaa1(scene)
    done = await against_a_lock(scene, "head", let_go=True)
    assert (done.job.state, done.job.heads_after) == ("succeeded", ["ccc3"]), done.job.error
    assert done.job.outcome["params"] == {"heads": ["ccc3"], "done": 2, "total": 2}
    assert done.states() == ["done", "done"]
    started = [event.data for event in done.events if event.type == "step" and event.data["state"] == "running"]
    assert [step["revision"] for step in started if step["kind"] == "revision"] == ["bbb2", "ccc3", "ccc3"]


async def test_a_lock_that_is_never_let_go_fails_the_job_after_the_last_try(scene: Any) -> None:
    await at_aaa1(scene, retries=1)
    done = await against_a_lock(scene, "head", let_go=False)
    assert (done.job.state, done.code) == ("failed", "lock_timeout")
    assert done.told.count("'trying_again'") == 1
    assert done.job.outcome == {"code": "failed_partial", "params": {"heads": ["bbb2"], "done": 1, "total": 2}}
    assert done.states() == ["done", "failed"]


async def test_without_retries_the_first_loss_is_the_last(scene: Any) -> None:
    await at_aaa1(scene, retries=0)
    done = await against_a_lock(scene, "head", let_go=False)
    assert (done.code, "trying_again" in done.told) == ("lock_timeout", False)


async def test_a_relative_target_is_not_begun_again_from_half_way(scene: Any) -> None:
    await at_aaa1(scene)
    done = await against_a_lock(scene, "+2", let_go=False)
    assert (done.code, "trying_again" in done.told) == ("lock_timeout", False)


async def test_a_revision_that_committed_in_its_middle_is_not_begun_again(scene: Any) -> None:
    body = """
        with op.get_context().autocommit_block():
            op.execute("create index concurrently ix_b on b (id)")
        op.execute("alter table a add column note text")
    """
    scene.commit(two_tables() | {"ccc3": revision("ccc3", "bbb2", body)})
    await scene.fetch()
    await scene.run("upgrade", "bbb2")
    await scene.change(lock_timeout_ms=300)
    done = await against_a_lock(scene, "head", let_go=False)
    assert (done.code, "trying_again" in done.told) == ("lock_timeout", False), done.told
    assert done.job.outcome["code"] == "failed_committed_inside"


async def test_a_deadlock_is_tried_again(scene: Any) -> None:
    meets = revision(
        "ccc3", "bbb2", 'op.execute("lock table a")\nop.execute("select pg_sleep(0.5)")\nop.execute("lock table b")'
    )
    scene.commit(two_tables() | {"ccc3": meets})
    await scene.fetch()
    await scene.run("upgrade", "bbb2")
    await scene.change(lock_timeout_ms=0)
    key = await scene.queue_job("upgrade", "head")
    running = asyncio.create_task(run_job(scene.room, key))
    with psycopg.connect(scene.target.url) as other:
        other.execute("set deadlock_timeout = '60s'")  # so that the job is the one that is refused
        other.execute("lock table b")
        await begun(scene, key, "pg_sleep")
        waiting = asyncio.create_task(asyncio.to_thread(other.execute, "lock table a"))
        await begun(scene, key, "trying_again")
        await waiting
        other.rollback()
    await asyncio.wait_for(running, 60)
    assert (await scene.finished(key)).job.state == "succeeded"


async def test_a_cancel_while_it_waits_for_the_next_try_is_a_cancel(scene: Any) -> None:
    from stillroom_core.jobs.repository import JobRepository
    from stillroom_core.jobs.service import cancel_job

    await at_aaa1(scene, retries=9)
    with psycopg.connect(scene.target.url) as other:
        other.execute("lock table a in access share mode")
        key = await scene.queue_job("upgrade", "head")
        running = asyncio.create_task(run_job(scene.room, key))
        await begun(scene, key, "trying_again")
        async with scene.room.database.everything() as session:
            actor = await scene._actor(session)
            await cancel_job(session, actor, await JobRepository(session, actor.organization_id).by_id(key))
        await asyncio.wait_for(running, 30)
    done = await scene.finished(key)
    assert done.job.state == JobState.CANCELLED
    assert done.job.outcome == {"code": "cancelled_partial", "params": {"heads": ["bbb2"], "done": 1, "total": 2}}


async def refused_once(scene: Any, sqlstate: str) -> tuple[Finished, int]:
    """A job whose revision is refused with this SQLSTATE at its first try, and how often it was tried."""
    body = f"""
        op.execute('''do $$ begin
            if nextval('tries') < 2 then raise exception 'not now' using errcode = '{sqlstate}'; end if;
        end $$''')
    """
    scene.commit(two_tables() | {"ccc3": revision("ccc3", "bbb2", body)})
    await scene.fetch()
    with psycopg.connect(scene.target.url) as connection:
        connection.execute("create sequence tries")  # what a sequence counts is not undone with a transaction
    done: Finished = await scene.run("upgrade", "head")
    return done, scene.ask("select last_value from tries")


async def test_a_serialization_failure_is_tried_again(scene: Any) -> None:
    done, tries = await refused_once(scene, "40001")
    assert (done.job.state, tries) == ("succeeded", 2), done.job.error
    assert done.states() == ["done", "done", "done"]


@pytest.mark.parametrize("sqlstate", ["23505", "57014"])
async def test_whatever_would_fail_again_is_not_tried_again(scene: Any, sqlstate: str) -> None:
    done, tries = await refused_once(scene, sqlstate)
    assert (done.job.state, tries, "trying_again" in done.told) == ("failed", 1, False)
