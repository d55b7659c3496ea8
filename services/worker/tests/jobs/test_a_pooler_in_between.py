"""A database's address may lead to a pooler: one that gives a session for a transaction only is refused by name."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

import asyncpg
import pytest
from sqlalchemy import select, update

from stillroom_core.actors.repository import actor_in
from stillroom_core.databases.models import Database
from stillroom_core.members.models import User
from stillroom_core.setups import service
from stillroom_core.setups.models import Setup
from stillroom_testing.jobs_scene import revision, two_tables
from stillroom_testing.poolers import NO_PGBOUNCER, PGBOUNCER, pgbouncer_before, pooler_before
from stillroom_worker.cellwork import target_of
from stillroom_worker.egress import DatabaseProxy
from stillroom_worker.failure import JobFailed
from stillroom_worker.target import reach
from stillroom_worker.try_database import try_database

Before = Callable[[Any, str], AbstractAsyncContextManager[int]]
needs_pgbouncer = pytest.mark.skipif(PGBOUNCER is None, reason=NO_PGBOUNCER)
EVERY = [pytest.param(pooler_before, id="ours"), pytest.param(pgbouncer_before, id="pgbouncer", marks=needs_pgbouncer)]


async def leads_to(scene: Any, port: int) -> None:
    """The database's address leads to this port from now on."""
    async with scene.room.database.everything() as session:
        await session.execute(update(Database).values(port=port))


async def outcome_of_test(scene: Any, port: int) -> Setup:
    target = scene.target
    async with scene.room.database.everything() as session:
        actor = await actor_in(session, (await session.scalars(select(User))).one(), slug="demo")
        setup = await service.begin_setup(session, actor, {"git_url": str(scene.repository)})
        place = {"host": target.host, "port": port, "database": target.database, "username": target.user}
        await service.request_test(session, setup, {**place, "password": target.password, "sslmode": "prefer"})
        key: UUID = setup.id
    await try_database(scene.room, key)
    async with scene.room.database.everything() as session:
        return await session.get_one(Setup, key)


@pytest.mark.parametrize("before", EVERY)
async def test_the_test_of_a_database_refuses_a_pool_of_transactions_and_names_the_fix(
    scene: Any, before: Before
) -> None:
    async with before(scene.target, "transaction") as port:
        setup = await outcome_of_test(scene, port)
    assert setup.test_error is not None, setup.server
    assert setup.test_error["code"] == "pooled"
    assert "direct address" in setup.test_error["fix"]
    assert f":{port}" in setup.test_error["detail"]


@needs_pgbouncer
async def test_a_pool_of_statements_is_refused_likewise(scene: Any) -> None:
    async with pgbouncer_before(scene.target, "statement") as port:
        setup = await outcome_of_test(scene, port)
    assert setup.test_error is not None
    assert setup.test_error["code"] == "pooled"


@pytest.mark.parametrize("before", EVERY)
async def test_a_pool_of_sessions_passes_the_test_of_a_database(scene: Any, before: Before) -> None:
    async with before(scene.target, "session") as port:
        setup = await outcome_of_test(scene, port)
    assert setup.test_error is None
    assert setup.server is not None
    assert setup.server["pooled"] is True


async def test_a_direct_address_is_not_called_pooled(scene: Any) -> None:
    setup = await outcome_of_test(scene, scene.target.port)
    assert setup.server is not None
    assert setup.server["pooled"] is False


@pytest.mark.parametrize("before", EVERY)
async def test_a_reading_of_the_database_says_so_too_and_keeps_what_was_known(scene: Any, before: Before) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    assert (await scene.read()).heads == []
    async with before(scene.target, "transaction") as port:
        await leads_to(scene, port)
        database = await scene.read()
    assert database.read_error["code"] == "pooled"
    assert database.heads == []


@pytest.mark.parametrize("before", EVERY)
async def test_a_job_through_a_pool_of_transactions_ends_before_it_has_touched_anything(
    scene: Any, before: Before
) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await scene.read()
    async with before(scene.target, "transaction") as port:
        await leads_to(scene, port)
        finished = await scene.run("upgrade", "head")
    assert (finished.job.state, finished.code) == ("failed", "pooled")
    assert finished.job.outcome["code"] == "failed_before_start"
    assert scene.ask("select to_regclass('a')") is None
    assert scene.ask("select count(*) from pg_locks where locktype = 'advisory'") == 0


@pytest.mark.parametrize("before", EVERY)
async def test_a_job_through_a_pool_of_sessions_applies_its_plan(scene: Any, before: Before) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await scene.read()
    async with before(scene.target, "session") as port:
        await leads_to(scene, port)
        finished = await scene.run("upgrade", "head")
    assert finished.job.state == "succeeded", (finished.job.error, finished.told)
    assert finished.job.heads_after == ["bbb2"]


@pytest.mark.parametrize("before", EVERY)
async def test_the_proxy_of_a_job_knows_its_sessions_by_the_servers_numbers_and_can_cancel_them(
    scene: Any, before: Before
) -> None:
    """What a pooler calls a session is not what the server calls it: a stranger's might have that number."""
    async with before(scene.target, "session") as port:
        await leads_to(scene, port)
        database = await scene.database()
        ours, target = await reach(target_of(database, await scene.environment()), lambda _address: True, name="test")
        folder = scene.room.folder("jobs") / "pooled"
        async with DatabaseProxy(target, folder, "token", tcp=True) as proxy:
            client = await asyncpg.connect(host="127.0.0.1", port=proxy.port, user="me", password="token")
            assert proxy.backend_pids == {await client.fetchval("select pg_backend_pid()")}
            with pytest.raises(TimeoutError):  # the client asks for a cancel, and the proxy passes it on
                await client.execute("select pg_sleep(60)", timeout=0.2)
            assert await client.fetchval("select 1") == 1
            await client.close()
        ours.terminate()


@pytest.mark.parametrize("before", EVERY)
async def test_nothing_of_ours_stays_in_the_sessions_of_a_pool_that_was_refused(scene: Any, before: Before) -> None:
    async with before(scene.target, "transaction") as port:
        await leads_to(scene, port)
        database = await scene.database()
        with pytest.raises(JobFailed):
            await reach(target_of(database, await scene.environment()), lambda _address: True, name="test")
        stranger = await asyncpg.connect(
            host="127.0.0.1", port=port, user=scene.target.user, database=scene.target.database, statement_cache_size=0
        )
        assert await stranger.fetchval("select current_setting('lock_timeout')") == "0"
        await stranger.close()


async def test_code_that_gives_a_setting_on_signing_in_is_told_what_the_pooler_does_not_take(scene: Any) -> None:
    failing = revision("ccc3", None, "pass")
    env = """
    import os
    from alembic import context
    from sqlalchemy import create_engine

    engine = create_engine(os.environ["DATABASE_URL"], connect_args={"options": "-c work_mem=8MB"})
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
    """
    scene.commit({"ccc3": failing}, env)
    await scene.fetch()
    await scene.read()
    async with pooler_before(scene.target, "session") as port:
        await leads_to(scene, port)
        finished = await scene.run("upgrade", "head")
    assert finished.job.state == "failed"
    assert "unsupported startup parameter: options" in finished.told
    assert "direct address" in finished.told
