"""A cancel ends a job from wherever it is: within bounds, gone on the server, and with the truth told."""

import asyncio
from typing import Any

import psycopg
import pytest

from stillroom_core.jobs.lifecycle import JobState
from stillroom_testing.jobs_scene import Finished, revision, two_tables
from stillroom_testing.waiting import until
from stillroom_worker import code as codes
from stillroom_worker.run_job import run_job
from stillroom_worker.target.lock import LOCK_KEYS

BUSY = "select count(*) from pg_stat_activity where query like '%{}%' and state = 'active' and pid <> pg_backend_pid()"


async def cancelled(scene: Any, key: Any, running: "asyncio.Task[None]", *, within: float) -> Finished:
    """The job after a cancel; nothing of it may be left on the server."""
    await scene.cancel(key)
    await asyncio.wait_for(running, within)
    done: Finished = await scene.finished(key)
    assert done.job.state == JobState.CANCELLED, done.job.error
    left = f"select count(*) from pg_stat_activity where application_name = 'stillroom:{key}'"
    await until(lambda: scene.ask(left) == 0)
    return done


async def begun(scene: Any, second: str, busy: str) -> tuple[Any, "asyncio.Task[None]"]:
    """A job of two revisions that is in the second, in the statement with this comment."""
    scene.commit({"aaa1": two_tables()["aaa1"], "bbb2": second})
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    running = asyncio.create_task(run_job(scene.room, key))
    await until(lambda: scene.ask(BUSY.format(busy)))
    return key, running


async def test_in_the_queue_nothing_runs_afterwards(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    await scene.cancel(key)
    await run_job(scene.room, key)
    done = await scene.finished(key)
    assert (done.job.state, done.job.started_at, done.events) == (JobState.CANCELLED, None, [])
    assert scene.ask("select to_regclass('a') is null")


@pytest.mark.parametrize("part", ["export", "virtualenv"])
async def test_in_the_checkout_and_in_the_install_the_database_is_not_touched(
    scene: Any, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    reached = asyncio.Event()
    ended = asyncio.Event()

    async def endless(*_of_the_call: Any) -> None:
        process = await asyncio.create_subprocess_exec("sleep", "600")
        reached.set()
        try:
            await process.wait()
        finally:
            process.kill()
            await process.wait()
            ended.set()

    monkeypatch.setattr(codes, part, endless)
    key = await scene.queue_job("upgrade", "head")
    running = asyncio.create_task(run_job(scene.room, key))
    await asyncio.wait_for(reached.wait(), 20)
    done = await cancelled(scene, key, running, within=10)
    assert (done.job.outcome["code"], ended.is_set()) == ("cancelled_before_start", True)
    assert scene.ask("select to_regclass('a') is null")


async def test_while_a_terminal_holds_the_database(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    with psycopg.connect(scene.target.url, autocommit=True, application_name="stillroom exec: ann@desk") as other:
        other.execute("select pg_advisory_lock(%s::int, %s::int)", LOCK_KEYS)
        key = await scene.queue_job("upgrade", "head")
        running = asyncio.create_task(run_job(scene.room, key))
        async with asyncio.timeout(20):
            while (holder := (await scene.finished(key)).job.waits_for) is None:
                await asyncio.sleep(0.05)
        assert (holder["application"], holder["pid"]) == ("stillroom exec: ann@desk", other.info.backend_pid)
        assert (holder["username"], holder["since"] is not None) == (scene.target.user, True)
        done = await cancelled(scene, key, running, within=10)
    assert (done.job.outcome["code"], done.job.waits_for) == ("cancelled_before_start", None)


async def test_while_a_statement_waits_for_a_lock(scene: Any) -> None:
    await scene.change(lock_timeout_ms=0)
    scene.commit(two_tables() | {"ccc3": revision("ccc3", "bbb2", 'op.execute("alter table a add n int /* waits */")')})
    await scene.fetch()
    await scene.run("upgrade", "bbb2")
    with psycopg.connect(scene.target.url) as other:
        other.execute("lock table a")
        key = await scene.queue_job("upgrade", "head")
        running = asyncio.create_task(run_job(scene.room, key))
        await until(lambda: scene.ask(BUSY.format("/* waits */")))
        done = await cancelled(scene, key, running, within=15)
    assert done.job.outcome["code"] == "cancelled_unchanged"
    assert (done.job.aftermath["current"], done.job.aftermath["left"]) == ("ccc3", [])


async def test_in_a_long_statement(scene: Any) -> None:
    slow = revision("bbb2", "aaa1", 'op.execute("select pg_sleep(60) /* slow */")')
    key, running = await begun(scene, slow, "/* slow */")
    done = await cancelled(scene, key, running, within=15)
    assert done.job.outcome == {"code": "cancelled_partial", "params": {"heads": ["aaa1"], "done": 1, "total": 2}}
    assert done.job.aftermath["committed"] == ["aaa1"]
    assert done.states() == ["done", "failed"]


async def test_while_an_index_is_built_concurrently(scene: Any) -> None:
    body = """
        with op.get_context().autocommit_block():
            op.execute("create index concurrently ix_a on a (id)")
    """
    scene.commit({"aaa1": two_tables()["aaa1"], "bbb2": revision("bbb2", "aaa1", body)})
    await scene.fetch()
    await scene.run("upgrade", "aaa1")
    await scene.change(lock_timeout_ms=0)
    with psycopg.connect(scene.target.url) as other:
        other.execute("insert into a values (1)")  # the build waits for this transaction
        key = await scene.queue_job("upgrade", "head")
        running = asyncio.create_task(run_job(scene.room, key))
        await until(lambda: scene.ask("select count(*) from pg_stat_progress_create_index"))
        done = await cancelled(scene, key, running, within=15)
    (index,) = done.job.aftermath["left"]
    assert (index["what"], index["cleanup"]) == ("invalid_index", "DROP INDEX CONCURRENTLY public.ix_a;")
    assert done.job.outcome["code"] == "cancelled_committed_inside"
    with psycopg.connect(scene.target.url, autocommit=True) as connection:
        connection.execute(index["cleanup"])
    assert (await scene.run("upgrade", "head")).job.state == "succeeded"


async def test_in_the_commit_the_heads_say_whether_it_was_reached(scene: Any) -> None:
    body = '''
        op.execute("""
            create function slow() returns trigger language plpgsql as
            'begin perform pg_sleep(60); return null; end'
        """)
        op.execute("create constraint trigger late after insert on a deferrable initially deferred "
                   "for each row execute function slow()")
        op.execute("insert into a values (1)")
    '''
    scene.commit({"aaa1": two_tables()["aaa1"], "bbb2": revision("bbb2", "aaa1", body)})
    await scene.fetch()
    key = await scene.queue_job("upgrade", "head")
    running = asyncio.create_task(run_job(scene.room, key))
    await until(lambda: scene.ask("select 1 from pg_stat_activity where query ilike 'commit%' and state = 'active'"))
    done = await cancelled(scene, key, running, within=15)
    assert done.job.outcome == {"code": "cancelled_partial", "params": {"heads": ["aaa1"], "done": 1, "total": 2}}
    assert (done.job.aftermath["current"], done.job.aftermath["left"]) == ("bbb2", [])
    assert scene.ask("select count(*) from a") == 0


async def test_a_project_that_ignores_signals_and_errors_is_ended(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import timedelta

    from stillroom_worker.supervise import supervisor

    monkeypatch.setattr(supervisor, "ASK_FOR", timedelta(seconds=1))
    monkeypatch.setattr(supervisor, "TERMINATE_FOR", timedelta(seconds=1))
    body = """
        import signal
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        while True:
            try:
                op.execute("select pg_sleep(60) /* stubborn */")
            except BaseException:
                time.sleep(0.1)
    """
    key, running = await begun(scene, revision("bbb2", "aaa1", body), "/* stubborn */")
    done = await cancelled(scene, key, running, within=20)
    assert done.job.outcome["params"]["heads"] == ["aaa1"]
    assert "killing every process" in done.told
