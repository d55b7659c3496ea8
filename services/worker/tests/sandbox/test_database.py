"""From inside a cell the one database is reached, at each address that it is told, and nothing else of ours."""

import sys
from pathlib import Path
from typing import Any

import pytest

from stillroom_worker.egress import DatabaseProxy, Target
from stillroom_worker.sandbox import Level, address

TOKEN = "0123456789abcdef"
VIRTUALENV = Path(sys.prefix)

WITH_PSYCOPG = """
import psycopg
def connect(**where):
    return psycopg.connect(user="me", dbname="mine", password=os.environ["TOKEN"], **where)
def one(connection, query):
    return connection.execute(query).fetchone()[0]
"""
WITH_ASYNCPG = """
import asyncio, asyncpg
loop = asyncio.new_event_loop()
def connect(**where):
    return loop.run_until_complete(
        asyncpg.connect(user="me", database="mine", password=os.environ["TOKEN"], **where))
def one(connection, query):
    return loop.run_until_complete(connection.fetchval(query))
"""


class Ground:
    """A cell with a way to a fresh database."""

    def __init__(self, place: Any, proxy: DatabaseProxy, database: Any) -> None:
        self.place, self.proxy, self.database = place, proxy, database
        self.endpoint = address(place.level, database_port=proxy.port, database_socket=proxy.socket_dir)

    def addresses(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = [{"host": self.endpoint.host, "port": self.endpoint.port}]
        if self.endpoint.socket_dir:
            found.append({"host": str(self.endpoint.socket_dir)})
        return found

    async def ask(self, code: str, token: str = TOKEN) -> Any:
        return await self.place.ask(
            code,
            python=VIRTUALENV / "bin" / "python",
            see=(VIRTUALENV,),
            env={"TOKEN": token, "PYTHONSAFEPATH": "1", "PGSSLMODE": "disable"},
            database_socket=self.proxy.socket_dir,
            database_port=self.proxy.port,
        )


@pytest.fixture
async def ground(place: Any, postgres_server: Any) -> Any:
    database = postgres_server.new_database()
    target = Target(
        host=database.host,
        port=database.port,
        database=database.database,
        user=database.user,
        password=database.password,
        sslmode="prefer",
    )
    async with DatabaseProxy(target, place.folder / "db", TOKEN, tcp=place.level is not Level.BWRAP) as proxy:
        yield Ground(place, proxy, database)
        for prisoner in place.living:
            await prisoner.verify_gone()
    postgres_server.drop_database(database)


@pytest.mark.parametrize("driver", [WITH_PSYCOPG, WITH_ASYNCPG], ids=["psycopg", "asyncpg"])
async def test_drivers_reach_the_database_at_each_address(ground: Ground, driver: str) -> None:
    answers = await ground.ask(
        driver
        + f"\ntell([one(connect(**where), 'select current_database()::text') for where in {ground.addresses()!r}])"
    )
    assert set(answers) == {ground.database.database}
    assert ground.proxy.failures == ()


async def test_bulk_passes_through_the_cells_own_port_unchanged(ground: Ground) -> None:
    answer = await ground.ask(
        WITH_PSYCOPG
        + f"""
import hashlib
connection = connect(**{ground.addresses()[0]!r})
block = os.urandom(8 * 1024 * 1024)
back = connection.execute("select %s::bytea", (block,)).fetchone()[0]
tell(back == block)
"""
    )
    assert answer is True


async def test_several_connections_at_once_are_served(ground: Ground) -> None:
    answer = await ground.ask(
        WITH_PSYCOPG
        + f"""
held = [connect(**{ground.addresses()[0]!r}) for _ in range(10)]
tell(len({{one(connection, "select pg_backend_pid()") for connection in held}}))
"""
    )
    assert answer == 10


async def test_a_wrong_token_is_told_in_words(ground: Ground) -> None:
    answer = await ground.ask(
        WITH_PSYCOPG
        + f"""
try:
    connect(**{ground.addresses()[0]!r})
except psycopg.OperationalError as error:
    tell(str(error))
""",
        token="guess",
    )
    assert "not the one that this job was given" in answer
    assert [failure.code for failure in ground.proxy.failures] == ["wrong_token"]


async def test_the_real_password_is_nowhere_in_the_cell(ground: Ground) -> None:
    if ground.place.level is not Level.BWRAP:
        pytest.skip("elsewhere there is no /proc to look into")
    answer = await ground.ask(
        WITH_PSYCOPG
        + f"""
connection = connect(**{ground.addresses()[0]!r})
seen = repr(os.environ) + repr(connection.info.__class__) + connection.info.dsn
for pid in (p for p in os.listdir("/proc") if p.isdigit()):
    for name in ("environ", "cmdline"):
        try:
            seen += open(f"/proc/{{pid}}/{{name}}", errors="replace").read()
        except OSError:
            pass
tell(seen)
"""
    )
    assert ground.database.password not in answer
