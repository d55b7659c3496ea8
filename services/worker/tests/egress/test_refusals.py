"""What the proxy refuses, and the words that the driver then shows."""

import asyncio
import socket
import struct
from pathlib import Path
from typing import Any

import asyncpg
import psycopg
import pytest

from stillroom_worker.egress import DatabaseProxy, EgressRefused, Target
from stillroom_worker.egress.wire import safe_options, startup

TOKEN = "token-of-this-job"


async def connect(where: Path, **changes: Any) -> asyncpg.Connection:
    arguments = {"host": str(where), "user": "me", "password": TOKEN, "database": "mine", **changes}
    return await asyncpg.connect(**arguments)


async def test_a_wrong_token_is_refused_with_the_sqlstate_of_a_wrong_password(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN) as proxy:
        with pytest.raises(asyncpg.InvalidPasswordError) as caught:
            await connect(socket_dir, password="guess")
        assert "not the one that this job was given" in str(caught.value)
        assert [failure.code for failure in proxy.failures] == ["wrong_token"]
        assert proxy.all_backend_pids == frozenset()


async def test_an_empty_token_is_refused(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await connect(socket_dir, password="")


async def test_the_servers_own_words_about_a_wrong_password_reach_the_driver(server: Any, socket_dir: Path) -> None:
    for user in ("scram_user", "md5_user"):
        target = server.target(user, password="nobody-knows-it")
        async with DatabaseProxy(target, socket_dir, TOKEN) as proxy:
            with pytest.raises(asyncpg.InvalidPasswordError) as caught:
                await connect(socket_dir)
            assert str(caught.value) == f'password authentication failed for user "{user}"'
            (failure,) = proxy.failures
            assert (failure.code, failure.sqlstate) == ("auth_failed", "28P01")
            assert "nobody-knows-it" not in repr(failure) + repr(target)


async def test_a_missing_database_is_told_by_the_server(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(database="nowhere"), socket_dir, TOKEN) as proxy:
        with pytest.raises(asyncpg.InvalidCatalogNameError, match="nowhere"):
            await connect(socket_dir)
        assert proxy.failures[0].sqlstate == "3D000"


async def test_a_server_that_is_not_there_is_told_as_a_connection_failure(socket_dir: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        target = Target(host="127.0.0.1", port=port, database="d", user="u", password="p", sslmode="prefer")
        async with DatabaseProxy(target, socket_dir, TOKEN) as proxy:
            with pytest.raises(psycopg.OperationalError, match="cannot be reached: Connection refused"):
                await psycopg.AsyncConnection.connect(host=str(socket_dir), user="me", password=TOKEN, dbname="mine")
            assert [(f.code, f.sqlstate) for f in proxy.failures] == [("connect_failed", "08001")]


async def test_cleartext_is_not_sent_without_tls(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target("clear_user"), socket_dir, TOKEN) as proxy:
        with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError, match="in clear"):
            await connect(socket_dir)
        assert proxy.failures[0].code == "method_refused"


async def test_another_user_and_database_are_replaced_and_replication_is_dropped(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN):
        connection = await psycopg.AsyncConnection.connect(
            host=str(socket_dir), user="postgres", dbname="forbidden", password=TOKEN, replication="database"
        )
        row = await (await connection.execute("select current_user, current_database()")).fetchone()
        assert row == ("scram_user", "app")
        with pytest.raises(psycopg.errors.SyntaxError):
            await connection.execute("IDENTIFY_SYSTEM")
        await connection.close()


async def test_settings_of_the_client_pass_and_other_switches_do_not(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN):
        connection = await psycopg.AsyncConnection.connect(
            host=str(socket_dir),
            user="me",
            password=TOKEN,
            dbname="mine",
            application_name="stillroom:1",
            options="-O -c lock_timeout=5s --statement_timeout=7s -c search_path=a,\\ b",
        )
        row = await (
            await connection.execute(
                "select current_setting('lock_timeout'), current_setting('statement_timeout'),"
                " current_setting('application_name'), current_setting('allow_system_table_mods'),"
                " current_setting('search_path')"
            )
        ).fetchone()
        assert row == ("5s", "7s", "stillroom:1", "off", "a, b")
        await connection.close()


async def test_a_role_that_the_user_may_not_take_is_refused_by_the_server(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN):
        with pytest.raises(psycopg.OperationalError, match="permission denied to set role"):
            await psycopg.AsyncConnection.connect(
                host=str(socket_dir), user="me", password=TOKEN, options="-c role=postgres"
            )


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("-c a=1 -d 5 -W 30 -c b=2", "-c a=1 -c b=2"),
        ("-ca=1 --b=2 --single", "-ca=1 --b=2"),
        ("-P -O -f s", ""),
        (r"-c a=x\ y\\z", r"-c a=x\ y\\z"),
        ("-c", ""),
    ],
)
def test_only_settings_are_kept_of_the_options(given: str, kept: str) -> None:
    assert safe_options(given) == kept


async def test_the_connection_after_the_last_place_is_told_so_and_a_place_becomes_free_again(
    server: Any, socket_dir: Path
) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN, max_connections=2) as proxy:
        first, second = await connect(socket_dir), await connect(socket_dir)
        with pytest.raises(asyncpg.TooManyConnectionsError):
            await connect(socket_dir)
        await first.close()
        async with asyncio.timeout(5):
            while len(proxy.backend_pids) > 1:
                await asyncio.sleep(0.01)
        third = await connect(socket_dir)
        await second.close()
        await third.close()


@pytest.mark.parametrize(
    "garbage",
    [
        struct.pack("!II", 2_000_000_000, 3 << 16),
        struct.pack("!II", 4, 3 << 16),
        struct.pack("!II", 64, 2 << 16) + b"\0" * 56,
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        struct.pack("!II", 12, 3 << 16) + b"abcd",
        struct.pack("!II", 8, 80877104) * 4,
        startup({"user": "x"}) + b"p" + struct.pack("!I", 2_000_000_000),
        startup({"user": "x"}) + b"Q" + struct.pack("!I", 13) + b"select 1\0",
    ],
)
async def test_what_is_no_sign_in_is_closed_and_the_proxy_lives_on(
    server: Any, socket_dir: Path, garbage: bytes
) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN):
        reader, writer = await asyncio.open_unix_connection(str(socket_dir / ".s.PGSQL.5432"))
        writer.write(garbage)
        async with asyncio.timeout(5):
            answer = await reader.read()
        assert b"Z\0\0\0\x05" not in answer
        writer.close()
        connection = await connect(socket_dir)
        await connection.close()


async def test_a_half_open_start_up_is_closed_after_its_time(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN, start_up_seconds=0.1) as proxy:
        reader, writer = await asyncio.open_unix_connection(str(socket_dir / ".s.PGSQL.5432"))
        writer.write(b"\0\0")
        async with asyncio.timeout(5):
            answer = await reader.read()
        assert b"did not sign in in time" in answer
        assert [failure.code for failure in proxy.failures] == ["timed_out"]
        writer.close()


async def test_strangers_do_not_take_the_places_of_those_who_have_the_token(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN, max_connections=1):
        strangers = [await asyncio.open_unix_connection(str(socket_dir / ".s.PGSQL.5432")) for _ in range(30)]
        connection = await connect(socket_dir)
        await connection.close()
        for _, writer in strangers:
            writer.close()


async def test_a_cancel_request_with_a_guessed_key_does_nothing(server: Any, socket_dir: Path) -> None:
    async with DatabaseProxy(server.target(), socket_dir, TOKEN):
        connection = await connect(socket_dir)
        sleeping = asyncio.create_task(connection.fetchval("select pg_sleep(0.3)::text || 'slept'"))
        await asyncio.sleep(0)
        reader, writer = await asyncio.open_unix_connection(str(socket_dir / ".s.PGSQL.5432"))
        writer.write(struct.pack("!IIII", 16, 80877102, connection.get_server_pid(), 12345))
        assert await reader.read() == b""
        writer.close()
        assert await sleeping == "slept"
        await connection.close()


async def test_an_address_that_the_policy_refuses_ends_it_before_anything_listens(
    server: Any, socket_dir: Path
) -> None:
    seen = []
    proxy = DatabaseProxy(server.target(), socket_dir, TOKEN, allow=lambda ip: bool(seen.append(ip)))
    with pytest.raises(EgressRefused) as caught:
        await proxy.__aenter__()
    assert caught.value.code == "address_refused"
    assert [str(address) for address in seen] == ["127.0.0.1"]
    assert list(socket_dir.iterdir()) == []


async def test_an_unknown_host_is_told_before_the_job_starts(server: Any, socket_dir: Path) -> None:
    with pytest.raises(EgressRefused) as caught:
        await DatabaseProxy(server.target(host="no.such.host.invalid"), socket_dir, TOKEN).__aenter__()
    assert caught.value.code == "unknown_host"


async def test_the_host_is_looked_up_once_and_the_answer_is_pinned(
    server: Any, socket_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with DatabaseProxy(server.target(host="localhost"), socket_dir, TOKEN):

        async def other(*_: object, **__: object) -> None:
            raise AssertionError("looked up again")

        loop = asyncio.get_running_loop()
        look_up = loop.getaddrinfo
        monkeypatch.setattr(
            loop,
            "getaddrinfo",
            lambda host, *a, **k: other() if host == "localhost" else look_up(host, *a, **k),
        )
        connection = await connect(socket_dir)
        await connection.close()


async def test_a_folder_deeper_than_a_sockets_name_may_be_is_served_all_the_same(server: Any, tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    async with DatabaseProxy(server.target(), deep, TOKEN):
        assert (deep / ".s.PGSQL.5432").is_socket()
