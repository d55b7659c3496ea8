"""An address that leads to another server than yesterday, or to one that takes no changes, is refused beforehand."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import update

from stillroom_cli.embedded import THROWAWAY, PostgresServer, start_postgres
from stillroom_core.databases.models import Database
from stillroom_core.databases.service import update_database
from stillroom_testing.jobs_scene import Finished, two_tables


@pytest.fixture(scope="module")
def elsewhere(postgres_server: Any) -> Iterator[PostgresServer]:
    """Another server, where our user and password are known: a restored copy that took over the address."""
    folder = Path(tempfile.mkdtemp(prefix="stillroom-elsewhere-"))
    folder.chmod(0o711)
    server = start_postgres(folder, password=postgres_server.password, settings=THROWAWAY)
    yield server
    server.stop()
    shutil.rmtree(folder)


async def upgraded(scene: Any) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    assert (await scene.run("upgrade", "aaa1")).job.state == "succeeded"


async def points_to(scene: Any, server: PostgresServer) -> None:
    """The name leads there now, and nobody has told us; the same user, password and database are there too."""
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute(f'create database "{scene.target.database}"')  # type: ignore[call-overload]
    async with scene.room.database.everything() as session:
        await session.execute(update(Database).values(host="127.0.0.1", port=server.port))


def do(scene: Any, *statements: str) -> None:
    """What an administrator of the target does."""
    with psycopg.connect(scene.target.url, autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[call-overload]


def nothing_ran(done: Finished) -> bool:
    return done.job.outcome["code"] == "failed_before_start" and done.states() == []


async def test_another_server_at_the_same_address_is_not_migrated(scene: Any, elsewhere: PostgresServer) -> None:
    await upgraded(scene)
    await points_to(scene, elsewhere)
    done = await scene.run("upgrade", "head")
    assert (done.job.state, done.code, nothing_ran(done)) == ("failed", "wrong_server", True)
    with psycopg.connect(elsewhere.url(scene.target.database)) as connection:
        assert connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone() == (0,)
    read = await scene.read()
    assert (read.read_error["code"], read.heads) == ("wrong_server", ["aaa1"])


async def test_a_server_that_was_replaced_on_purpose_is_taken_by_saving_its_settings(
    scene: Any, elsewhere: PostgresServer
) -> None:
    await upgraded(scene)
    await points_to(scene, elsewhere)
    async with scene.room.database.everything() as session:
        database = await session.get_one(Database, (await scene.database()).id)
        await update_database(session, database, {"host": database.host})
    read = await scene.read()
    assert (read.read_error, read.heads) == (None, [])
    assert (await scene.run("upgrade", "head")).job.state == "succeeded"


async def test_another_database_of_the_same_server_is_not_taken_for_it(scene: Any, postgres_server: Any) -> None:
    await upgraded(scene)
    other = postgres_server.new_database("other")
    async with scene.room.database.everything() as session:
        await session.execute(update(Database).values(database=other.database))  # as a pooler would, by its own table
    done = await scene.run("current")
    assert (done.code, nothing_ran(done)) == ("wrong_server", True)
    assert other.database in done.job.error["detail"]


async def test_what_an_older_stillroom_recorded_is_not_compared(scene: Any) -> None:
    await upgraded(scene)
    async with scene.room.database.everything() as session:
        await session.execute(update(Database).values(server_identity="127.0.0.1/32:5432/16384/1795645599.43"))
    assert (await scene.run("upgrade", "head")).job.state == "succeeded"


async def test_a_user_who_may_not_ask_for_the_system_still_migrates(scene: Any) -> None:
    do(scene, "revoke execute on function pg_control_system() from public")
    do(scene, "create role modest login password 'modest'")
    try:
        do(scene, "grant all on schema public to modest")
        async with scene.room.database.everything() as session:
            database = await session.get_one(Database, (await scene.database()).id)
            await update_database(session, database, {"username": "modest", "password": "modest"})
        await upgraded(scene)
        assert (await scene.database()).server_identity == f"/{scene.target.database}"
        assert (await scene.run("upgrade", "head")).job.state == "succeeded"
    finally:
        do(scene, "drop owned by modest cascade", "drop role modest")


async def test_a_read_only_database_is_refused_before_anything_runs_and_can_be_read(scene: Any) -> None:
    await upgraded(scene)
    do(scene, f'alter database "{scene.target.database}" set default_transaction_read_only = on')
    done = await scene.run("upgrade", "head")
    assert (done.job.state, done.code, nothing_ran(done)) == ("failed", "read_only", True)
    assert (await scene.read()).heads == ["aaa1"]


async def test_a_standby_is_refused_before_anything_runs_and_can_be_read(scene: Any, elsewhere: PostgresServer) -> None:
    scene.commit(two_tables())
    await scene.fetch()
    await points_to(scene, elsewhere)
    elsewhere.stop()
    (elsewhere.folder / "data" / "standby.signal").touch()
    standby = start_postgres(elsewhere.folder, password=elsewhere.password, port=elsewhere.port, settings=THROWAWAY)
    try:
        assert (await scene.read()).heads == []
        done = await scene.run("upgrade", "head")
        assert (done.job.state, done.code, nothing_ran(done)) == ("failed", "standby", True)
    finally:
        standby.stop()
