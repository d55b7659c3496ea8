"""Every driver that Alembic projects use goes through the proxy, at both of its addresses."""

import asyncio
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest

from stillroom_worker.egress import DatabaseProxy

TOKEN = "token-of-this-job"
QUERY = "select current_user || '@' || current_database()"
OURS = "scram_user@app"


def with_psycopg(host: str, port: int) -> Any:
    with psycopg.connect(host=host, port=port, user="me", password=TOKEN, dbname="mine") as connection:
        return connection.execute(QUERY).fetchone()[0]


def with_psycopg2(host: str, port: int) -> Any:
    psycopg2 = pytest.importorskip("psycopg2")
    connection = psycopg2.connect(host=host, port=port, user="me", password=TOKEN, dbname="mine")
    try:
        with connection.cursor() as cursor:
            cursor.execute(QUERY)
            return cursor.fetchone()[0]
    finally:
        connection.close()


def with_pg8000(host: str, port: int) -> Any:
    dbapi = pytest.importorskip("pg8000.dbapi")
    address: dict[str, Any] = {"host": host, "port": port}
    if host.startswith("/"):
        address = {"unix_sock": f"{host}/.s.PGSQL.{port}"}
    connection = dbapi.connect(user="me", password=TOKEN, database="mine", **address)
    try:
        cursor = connection.cursor()
        cursor.execute(QUERY)
        return cursor.fetchone()[0]
    finally:
        connection.close()


def with_asyncpg(host: str, port: int) -> Any:
    async def ask() -> Any:
        connection = await asyncpg.connect(host=host, port=port, user="me", password=TOKEN, database="mine")
        try:
            return await connection.fetchval(QUERY)
        finally:
            await connection.close()

    return asyncio.run(ask())


DRIVERS = [with_psycopg, with_psycopg2, with_pg8000, with_asyncpg]


@pytest.mark.parametrize("ask", DRIVERS)
async def test_a_driver_gets_the_targets_user_and_database_over_tcp_and_over_the_socket(
    server: Any, socket_dir: Path, ask: Callable[[str, int], Any]
) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN, tcp=True) as proxy:
        assert await asyncio.to_thread(ask, "127.0.0.1", proxy.port) == OURS
        assert await asyncio.to_thread(ask, str(socket_dir), 5432) == OURS
        assert proxy.failures == ()


@pytest.mark.parametrize("ask", DRIVERS)
@pytest.mark.parametrize("user", ["scram_user", "md5_user", "clear_user", "trust_user"])
async def test_the_proxy_signs_in_whichever_way_the_server_asks(
    server: Any, socket_dir: Path, ask: Callable[[str, int], Any], user: str
) -> None:
    target = server.target(user)
    async with DatabaseProxy(target, socket_dir, TOKEN, tcp=True, cleartext_allowed=True) as proxy:
        assert await asyncio.to_thread(ask, "127.0.0.1", proxy.port) == f"{user}@app"


async def test_a_driver_can_cancel_its_own_statement_through_the_proxy(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN) as proxy:
        connection = await psycopg.AsyncConnection.connect(
            host=str(socket_dir), user="me", password=TOKEN, dbname="mine"
        )
        assert connection.info.backend_pid in proxy.backend_pids
        sleeping = asyncio.create_task(connection.execute("select pg_sleep(60)"))
        await running(server, connection.info.backend_pid)
        await connection.cancel_safe(timeout=5)
        with pytest.raises(psycopg.errors.QueryCanceled):
            await sleeping
        await connection.close()


async def test_asyncpg_can_cancel_by_its_timeout(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN):
        connection = await asyncpg.connect(host=str(socket_dir), user="me", password=TOKEN, database="mine")
        with pytest.raises(TimeoutError):
            await connection.execute("select pg_sleep(60)", timeout=0.2)
        assert await connection.fetchval("select 1") == 1
        await connection.close()


async def test_the_worker_can_cancel_what_the_job_is_doing(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN) as proxy:
        connection = await asyncpg.connect(host=str(socket_dir), user="me", password=TOKEN, database="mine")
        sleeping = asyncio.create_task(connection.execute("select pg_sleep(60)"))
        await running(server, connection.get_server_pid())
        await proxy.cancel_backends()
        with pytest.raises(asyncpg.QueryCanceledError):
            await sleeping
        await connection.close()


async def test_a_client_that_dies_takes_its_statement_with_it(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN) as proxy:
        connection = await asyncpg.connect(host=str(socket_dir), user="me", password=TOKEN, database="mine")
        pid = connection.get_server_pid()
        sleeping = asyncio.create_task(connection.execute("select pg_sleep(60)"))
        await running(server, pid)
        connection.terminate()
        with pytest.raises(Exception):  # noqa: B017 - whichever way asyncpg says that it is gone
            await sleeping
        await gone(server, pid)
        assert proxy.backend_pids == frozenset()
        assert pid in proxy.all_backend_pids


async def test_closing_the_proxy_ends_every_connection(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN):
        connection = await asyncpg.connect(host=str(socket_dir), user="me", password=TOKEN, database="mine")
        pid = connection.get_server_pid()
        sleeping = asyncio.create_task(connection.execute("select pg_sleep(60)"))
        await running(server, pid)
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await sleeping
    await gone(server, pid)
    assert list(socket_dir.iterdir()) == []


async def test_bulk_data_passes_both_ways_unchanged(server: Any, socket_dir: Path) -> None:
    block = bytes(range(256)) * 4096 * 16  # 16 MiB
    async with DatabaseProxy(server.target(), socket_dir, TOKEN):
        connection = await asyncpg.connect(host=str(socket_dir), user="me", password=TOKEN, database="mine")
        assert await connection.fetchval("select $1::bytea", block) == block
        await connection.close()


async def test_a_client_that_does_not_read_does_not_fill_the_workers_memory(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN) as proxy:
        connected, let_go = threading.Event(), threading.Event()

        def read_nothing() -> None:
            connection = psycopg.connect(host=str(socket_dir), user="me", password=TOKEN)
            connection.pgconn.send_query(b"select repeat('x', 1000000) from generate_series(1, 200)")
            connected.set()
            let_go.wait(10)
            connection.close()

        thread = asyncio.create_task(asyncio.to_thread(read_nothing))
        await asyncio.to_thread(connected.wait, 5)
        (_, session) = proxy._sessions[next(iter(proxy.backend_pids))]
        async with asyncio.timeout(5):
            while session.channel.transport.is_reading():
                await asyncio.sleep(0.01)
        assert session.channel._peer.transport.get_write_buffer_size() < 1_000_000
        await running(server, session.pid, wait_event="ClientWrite")
        let_go.set()
        await thread


async def running(server: Any, pid: int, wait_event: str = "PgSleep") -> None:
    """Wait until the backend is where the test wants it."""
    with server.admin() as admin:
        async with asyncio.timeout(5):
            while not admin.execute(
                "select 1 from pg_stat_activity where pid = %s and wait_event = %s", (pid, wait_event)
            ).fetchone():
                await asyncio.sleep(0.01)


async def gone(server: Any, pid: int) -> None:
    with server.admin() as admin:
        async with asyncio.timeout(5):
            while admin.execute("select 1 from pg_stat_activity where pid = %s", (pid,)).fetchone():
                await asyncio.sleep(0.01)


async def test_every_session_is_called_as_the_worker_says(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN, session_name="stillroom:7"):
        connection = await psycopg.AsyncConnection.connect(
            host=str(socket_dir), user="me", password=TOKEN, dbname="mine", application_name="mine"
        )
        asked = await connection.execute("select current_setting('application_name')")
        assert await asked.fetchone() == ("stillroom:7",)
        await connection.close()


async def test_a_worker_that_is_out_of_touch_lets_no_statement_through(server: Any, socket_dir: Path) -> None:
    touch = [True]
    async with DatabaseProxy(server.target(), socket_dir, TOKEN, in_touch=lambda: touch[0]) as proxy:
        connection = await asyncpg.connect(host=str(socket_dir), user="me", password=TOKEN, database="mine")
        assert await connection.fetchval("select 1") == 1
        touch[0] = False
        with pytest.raises(Exception):  # noqa: B017 - whichever way asyncpg says that it is gone
            await connection.fetchval("select 1")
        with pytest.raises((OSError, asyncpg.PostgresError)):
            await asyncpg.connect(host=str(socket_dir), user="me", password=TOKEN, database="mine")
        assert len(proxy.all_backend_pids) == 1


async def test_code_that_insists_on_tls_gets_it(server: Any, socket_dir: Path) -> None:
    import psycopg2

    async with DatabaseProxy(server.target(), socket_dir, TOKEN, tcp=True) as proxy:
        address = {"host": "127.0.0.1", "port": proxy.port, "user": "me", "password": TOKEN}

        def with_libpq(dbapi: Any) -> Any:
            connection = dbapi.connect(**address, dbname="mine", sslmode="require")
            try:
                cursor = connection.cursor()
                cursor.execute(QUERY)
                return cursor.fetchone()[0]
            finally:
                connection.close()

        assert await asyncio.to_thread(with_libpq, psycopg) == OURS
        assert await asyncio.to_thread(with_libpq, psycopg2) == OURS
        encrypted = await asyncpg.connect(**address, database="mine", ssl="require")
        assert encrypted._transport.get_extra_info("ssl_object") is not None
        assert await encrypted.fetchval(QUERY) == OURS
        await encrypted.close()


async def test_code_that_checks_the_certificate_fails_with_words(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN, tcp=True) as proxy:
        with pytest.raises(Exception):  # noqa: B017 - each driver has its own
            await asyncpg.connect(
                host="127.0.0.1", port=proxy.port, user="me", password=TOKEN, ssl=ssl.create_default_context()
            )
        async with asyncio.timeout(5):
            while not proxy.failures:
                await asyncio.sleep(0.01)
        assert proxy.failures[0].code == "certificate_distrusted"
        assert "verify-full in the database's settings" in proxy.failures[0].fix
