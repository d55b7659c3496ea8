"""What each look of an open page sends to a database, as its server counts it (pg_stat_statements)."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from stillroom_cli.embedded import PostgresServer
from stillroom_cli.embedded.binaries import postgres_binaries
from stillroom_testing.versions import running

_SENT = """
select query, calls from pg_stat_statements
where dbid = (select oid from pg_database where datname = 'looked_at') order by query
"""


@pytest.fixture(scope="module")
def counting() -> Iterator[PostgresServer]:
    """A server that counts what it is sent."""
    with running(postgres_binaries(), {"shared_preload_libraries": "pg_stat_statements"}) as server:
        with psycopg.connect(server.url(), autocommit=True) as admin:
            admin.execute("create extension pg_stat_statements")
            admin.execute("create database looked_at")
        with psycopg.connect(server.url("looked_at"), autocommit=True) as admin:
            admin.execute("create table things as select i as id, 'x' as name from generate_series(1, 200) i")
            admin.execute("alter table things add primary key (id)")
        yield server


@pytest.fixture
async def seen(look: Any, counting: PostgresServer) -> Any:
    """The database of the row stands on that server now."""
    place = {"port": counting.port, "database": "looked_at", "username": counting.user, "password": counting.password}
    answer = await look.call("PATCH", "", json=place)
    assert answer.status_code == 200, answer.text
    return look


async def sent(look: Any, counting: PostgresServer, method: str, path: str, **content: Any) -> dict[str, int]:
    """The statements of one look after another, each with how often it was sent."""
    with psycopg.connect(counting.url(), autocommit=True) as admin:
        for _ in range(2):  # the first may have to connect
            admin.execute("select pg_stat_statements_reset()")
            answer = await look.call(method, path, **content)
            assert answer.status_code == 200, answer.text
        return dict(admin.execute(_SENT).fetchall())


@pytest.mark.parametrize("path", ["/overview/live", "/activity"])
async def test_what_is_asked_every_few_seconds_is_one_statement(seen: Any, counting: PostgresServer, path: str) -> None:
    found = await sent(seen, counting, "GET", path)
    assert list(found.values()) == [1], found


async def test_a_page_of_rows_is_three_questions_beside_its_connection_and_its_transaction(
    seen: Any, counting: PostgresServer
) -> None:
    asked = {"schema_name": "public", "table": "things"}
    found = await sent(seen, counting, "POST", "/rows", json=asked)
    # A connection of its own is looked at and given its settings; begin, limits, columns, key, rows, rollback.
    assert sum(found.values()) == 8, found


async def test_a_catalogue_is_fifteen_questions_in_one_transaction(seen: Any, counting: PostgresServer) -> None:
    found = await sent(seen, counting, "POST", "/catalogue/read")
    assert sum(found.values()) == 3 + 15, found


async def test_a_session_that_looks_can_change_nothing_before_it_is_told_so(seen: Any) -> None:
    connections = seen.reader.state.connections
    await seen.call("GET", "/activity")
    ((session, _since),) = [entry for slot in connections._slots.values() for entry in slot.idle]
    with pytest.raises(Exception, match="read-only transaction"):
        await session.execute("create table written ()")
