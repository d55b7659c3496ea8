"""An address that leads to another server than yesterday, or to one that takes no changes, is refused beforehand."""

import asyncio
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import update
from sqlalchemy.engine import make_url

from stillroom_cli.embedded import THROWAWAY, PostgresServer, start_postgres
from stillroom_core.databases.models import Database
from stillroom_core.databases.service import update_database
from stillroom_testing.jobs_scene import Finished, two_tables
from stillroom_worker.egress.outlet import join


@pytest.fixture(scope="module")
def elsewhere(target_server: Any) -> Iterator[PostgresServer]:
    """Another server, where our user and password are known: a restored copy that took over the address."""
    folder = Path(tempfile.mkdtemp(prefix="stillroom-elsewhere-"))
    folder.chmod(0o711)
    server = start_postgres(folder, password=target_server.password, settings=THROWAWAY)
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


async def test_another_database_of_the_same_server_is_not_taken_for_it(scene: Any, target_server: Any) -> None:
    await upgraded(scene)
    other = target_server.new_database("other")
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


async def aims_at(scene: Any, **columns: Any) -> None:
    """The row says so now, as if it had been saved before anybody refused it."""
    async with scene.room.database.everything() as session:
        await session.execute(update(Database).values(**columns))


@asynccontextmanager
async def passed_on_to(port: int) -> AsyncIterator[int]:
    """A tunnel of somebody's: another port that leads to the same server."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, answers = await asyncio.open_connection("127.0.0.1", port)
        await join(reader, writer, theirs, answers)
        for end in (writer, answers):
            end.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_our_own_rows_are_nobodys_database(scene: Any, installation: dict[str, str]) -> None:
    """N05: at the run, too, and by what the server calls itself where the address says nothing."""
    await upgraded(scene)
    ours = make_url(installation["STILLROOM_OWNER_DATABASE_URL"])
    async with scene.room.database.everything() as session:
        database = await session.get_one(Database, (await scene.database()).id)
        await update_database(session, database, {"username": ours.username, "password": ours.password})
    async with passed_on_to(ours.port or 0) as tunnel:
        for port in (ours.port, tunnel):
            await aims_at(scene, host="localhost", port=port, database=ours.database, server_identity=None)
            done = await scene.run("upgrade", "head")
            assert (done.job.state, done.code, nothing_ran(done)) == ("failed", "address_refused", True)
            assert "localhost stands at an address" in done.job.error["detail"]
            read = await scene.read()
            assert (read.read_error["code"], read.read_error["title"]) == (
                "address_refused",
                "The database's address is not allowed here.",
            )


class Names:
    """What a tenant's name server answers: each time the next."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *answers: str) -> None:
        self.asked = 0
        self._answers = answers
        self._by_system = socket.getaddrinfo
        monkeypatch.setattr(socket, "getaddrinfo", self._answer)

    def _answer(self, host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if host != "db.moving.test":
            return self._by_system(host, port, *more, **named)
        answer = self._answers[min(self.asked, len(self._answers) - 1)]
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (answer, port or 0))]


async def test_a_job_stays_with_the_address_at_which_its_server_was_recognised(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N06: looked up once; recognising, the proxy, watching locks and reading afterwards go to the same place."""
    await upgraded(scene)
    await aims_at(scene, host="db.moving.test")
    names = Names(monkeypatch, "127.0.0.1", "127.0.0.2")  # nothing answers at the second
    done = await scene.run("upgrade", "head")
    assert (done.job.state, done.code) == ("succeeded", None)
    assert names.asked == 1


async def test_a_name_that_leads_into_our_network_at_the_run_is_refused_there(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """N06: public when it was saved."""
    await upgraded(scene)
    names = Names(monkeypatch, "93.184.216.34", "10.0.0.5")
    async with scene.room.database.everything() as session:
        database = await session.get_one(Database, (await scene.database()).id)
        await update_database(session, database, {"host": "db.moving.test"})
    saved = names.asked
    done = await scene.run("upgrade", "head")
    assert (done.job.state, done.code, nothing_ran(done)) == ("failed", "address_refused", True)
    assert saved == 1
