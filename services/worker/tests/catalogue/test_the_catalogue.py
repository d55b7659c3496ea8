"""What is read of a database, compared with pg_dump; and what the reading costs."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Iterator
from time import perf_counter
from typing import Any

import asyncpg
import psycopg
import pytest

from stillroom_cli.embedded.binaries import postgres_binaries
from stillroom_core.catalogues.ddl import ddl_statements
from stillroom_core.catalogues.kinds import Kind
from stillroom_testing.every_object import HOSTILE_NAMES, every_object_in
from stillroom_testing.servers import DatabaseAddress, PostgresServer
from stillroom_worker.catalogue import Reading, read_catalogue


@pytest.fixture(scope="module")
def target(target_server: PostgresServer) -> Iterator[DatabaseAddress]:
    with every_object_in(target_server, "catalogue") as made:
        yield made


@pytest.fixture
async def session(target: DatabaseAddress) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(target.url, statement_cache_size=0)
    yield connection
    await connection.close()


def objects(reading: Reading, kind: Kind) -> dict[str, dict[str, Any]]:
    found = (reading.contents[bytes.fromhex(entry[3])] for entry in reading.listing if entry[0] == kind)
    return {content["name"]: content for content in found}


def dumped(address: DatabaseAddress) -> list[str]:
    pg_dump = postgres_binaries().program("pg_dump")
    said = subprocess.run([pg_dump, "--schema-only", "-d", address.url], capture_output=True, text=True, check=True)
    kept = (line for line in said.stdout.splitlines() if line and not line.startswith(("--", "\\restrict", "\\unres")))
    return list(kept)


def replayed(reading: Reading, address: DatabaseAddress) -> list[tuple[str, str]]:
    """Runs the DDL of every object, in whatever order works; gives what never did."""
    waiting = [
        statement
        for content in reading.contents.values()
        if content["kind"] != Kind.ROLE
        for statement in ddl_statements(content)
    ]
    with psycopg.connect(address.url, autocommit=True) as connection:
        while waiting:
            failed: list[tuple[str, str]] = []
            for statement in waiting:
                try:
                    connection.execute(statement)  # type: ignore[call-overload]
                except psycopg.Error as cause:
                    failed.append((statement, str(cause)))
            if len(failed) == len(waiting):
                return failed
            waiting = [statement for statement, _ in failed]
    return []


async def test_the_ddl_of_every_object_makes_the_same_database_by_the_word_of_pg_dump(
    session: Any, target: DatabaseAddress, target_server: PostgresServer
) -> None:
    reading = await read_catalogue(session)
    copy = target_server.new_database("copy")
    try:
        assert await asyncio.to_thread(replayed, reading, copy) == []
        assert await asyncio.to_thread(dumped, copy) == await asyncio.to_thread(dumped, target)
    finally:
        target_server.drop_database(copy)


async def test_the_listing_has_the_relations_that_psql_lists(session: Any, target: DatabaseAddress) -> None:
    psql = postgres_binaries().program("psql")
    asked = [psql, target.url, "-X", "-A", "-t", "-R", "\x01", "-F", "\x02", "-c", r"\dtvmE *.*"]
    said = await asyncio.to_thread(subprocess.run, asked, capture_output=True, text=True, check=True)
    listed = {tuple(line.strip("\n").split("\x02")[:2]) for line in said.stdout.split("\x01")}
    shown = {entry for entry in listed if not entry[0].startswith(("pg_", "information_schema"))}
    reading = await read_catalogue(session)
    relations = {Kind.TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.FOREIGN_TABLE}
    assert {(entry[1], entry[2]) for entry in reading.listing if entry[0] in relations} == shown


async def test_hostile_names_come_back_as_they_are(session: Any) -> None:
    reading = await read_catalogue(session)
    tables = objects(reading, Kind.TABLE)
    for name in HOSTILE_NAMES:
        assert tables[name]["columns"][0]["name"] == name
        assert tables[name]["comment"] == name
    assert any(len(name.encode()) == 63 for name in HOSTILE_NAMES)


async def test_an_index_that_a_failed_build_left_is_told_as_invalid(session: Any, target: DatabaseAddress) -> None:
    with psycopg.connect(target.url, autocommit=True) as other, pytest.raises(psycopg.Error):
        other.execute("create table shop.twice as select 1 as a from generate_series(1, 2)")
        other.execute("create unique index concurrently twice_a on shop.twice (a)")
    try:
        reading = await read_catalogue(session)
        (index,) = objects(reading, Kind.TABLE)["twice"]["indexes"]
        assert (index["name"], index["valid"]) == ("twice_a", False)
    finally:
        await session.execute("drop table shop.twice")


async def test_the_same_schema_has_the_same_digest_and_any_change_another(session: Any) -> None:
    before = await read_catalogue(session)
    again = await read_catalogue(session)
    assert again.digest == before.digest
    await session.execute("comment on column shop.orders.total is 'changed'")
    changed = await read_catalogue(session)
    differ = [new for old, new in zip(before.listing, changed.listing, strict=True) if old[3] != new[3]]
    assert [(entry[1], entry[2]) for entry in differ] == [("shop", "orders")]
    await session.execute("comment on column shop.orders.total is null")


async def test_a_reading_leaves_no_transaction_open_and_holds_no_lock(session: Any, target: DatabaseAddress) -> None:
    await read_catalogue(session)
    with psycopg.connect(target.url, autocommit=True) as other:
        pid = session.get_server_pid()
        state = other.execute("select state from pg_stat_activity where pid = %s", [pid]).fetchone()
        assert state == ("idle",)
        assert other.execute("select count(*) from pg_locks where pid = %s", [pid]).fetchone() == (0,)


async def test_a_migration_that_holds_a_table_fails_the_reading_soon_and_is_not_disturbed(
    session: Any, target: DatabaseAddress
) -> None:
    with psycopg.connect(target.url) as migration:
        migration.execute("lock table shop.customers in access exclusive mode")
        began = perf_counter()
        with pytest.raises(asyncpg.LockNotAvailableError):
            await read_catalogue(session)
        assert perf_counter() - began < 10  # the lock timeout is one second
    assert not session.is_in_transaction()
    assert (await read_catalogue(session)).listing


async def test_two_thousand_tables_cost_no_more_statements_than_one(target_server: PostgresServer) -> None:
    target = target_server.new_database("many")
    table = "create table t%s (id bigint generated always as identity primary key, a text not null, b integer)"
    with psycopg.connect(target.url, autocommit=True) as connection:
        for start in range(1, 2001, 200):
            connection.execute(
                f"do $$ begin for i in {start}..{start + 199} loop execute format('{table}', i);"
                "execute format('create index on t%s (a, b)', i); end loop; end $$"  # type: ignore[call-overload]
            )
    session = await asyncpg.connect(target.url, statement_cache_size=0)
    asked: list[str] = []
    session.add_query_logger(lambda record: asked.append(record.query))
    reading = await read_catalogue(session)
    await session.close()
    target_server.drop_database(target)
    assert len(objects(reading, Kind.TABLE)) == 2000
    assert len(asked) == 17
