"""What docs/safe-migrations.md says about locks is what PostgreSQL does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from stillroom_testing.servers import PostgresServer
from stillroom_testing.waiting import until

PAGE = Path(__file__).resolve().parents[1] / "docs" / "safe-migrations.md"
# From the weakest to the strongest, as pg_locks spells them.
_MODES = (
    "AccessShareLock",
    "RowShareLock",
    "RowExclusiveLock",
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)
ROWS = 1000
_TABLES = f"""
drop schema public cascade; create schema public;
create table customers (id int primary key);
insert into customers select g from generate_series(1, 10) g;
create table orders (id int primary key, customer_id int not null, total int not null, code varchar(50));
insert into orders select g, 1 + g % 10, g, 'code-' || g from generate_series(1, {ROWS}) g;
alter table orders add constraint old_check check (total > 0) not valid;
create index old_index on orders (total);
create unique index ready_index on orders (code);
create function nothing() returns trigger language plpgsql as 'begin return null; end';
"""


@dataclass(frozen=True)
class Line:
    """One row of the table in the page."""

    statement: str
    lock: str
    rows: str


def _lines() -> list[Line]:
    table = PAGE.read_text(encoding="utf-8").partition("<!-- tested: locks -->")[2].partition("<!-- end -->")[0]
    found = re.findall(r"^\| `([^`]+)` \| ([A-Z ]+) \| ([a-z ]*) ?\| ", table, re.MULTILINE)
    return [Line(statement, lock, rows.strip()) for statement, lock, rows in found]


LINES = _lines()
CONCURRENT = [line for line in LINES if "CONCURRENTLY" in line.statement]
PLAIN = [line for line in LINES if line not in CONCURRENT]


@pytest.fixture(scope="module")
def url(postgres_server: PostgresServer) -> str:
    return postgres_server.new_database("locks").url


@pytest.fixture
def connection(url: str) -> Iterator[psycopg.Connection]:
    with psycopg.connect(url) as connection:
        connection.execute(_TABLES)
        connection.commit()
        yield connection
        connection.rollback()


def test_the_page_has_its_table() -> None:
    assert len(LINES) > 25


@pytest.mark.parametrize(
    "line", [line for line in LINES if "CONCURRENTLY" not in line.statement], ids=lambda line: line.statement
)
def test_a_statement_takes_the_lock_and_does_to_the_rows_what_the_page_says(
    connection: psycopg.Connection, line: Line
) -> None:
    before, read_before = _file(connection), _rows_read(connection)
    connection.execute(line.statement.encode())
    modes = _modes(connection, connection.info.backend_pid)
    rewritten = _file(connection) != before
    read = _rows_read(connection) - read_before
    assert _strongest(modes) == line.lock
    assert ("rewrites" if rewritten else "reads all" if read >= ROWS else "") == line.rows


@pytest.mark.parametrize(
    "line", [line for line in LINES if "CONCURRENTLY" in line.statement], ids=lambda line: line.statement
)
async def test_a_concurrent_statement_lets_others_write_and_takes_the_lock_that_the_page_says(
    url: str, connection: psycopg.Connection, line: Line
) -> None:
    # Somebody writes in a transaction that stays open: the statement waits for it, holding what it takes.
    connection.execute("update orders set total = total + 1 where id = 1")
    with psycopg.connect(url, autocommit=True) as theirs, psycopg.connect(url, autocommit=True) as looking:
        pid = theirs.info.backend_pid
        running = asyncio.create_task(asyncio.to_thread(theirs.execute, line.statement.encode()))
        try:
            await until(lambda: _waits(looking, pid))
            assert _strongest(_modes(looking, pid)) == line.lock
            looking.execute("update orders set total = total + 1 where id = 2")
        finally:
            connection.commit()
            await running


def _file(connection: psycopg.Connection) -> int:
    row = connection.execute("select pg_relation_filenode('orders')").fetchone()
    assert row is not None
    return int(row[0])


def _rows_read(connection: psycopg.Connection) -> int:
    """Of the whole session, so that only differences say anything."""
    row = connection.execute("select seq_tup_read from pg_stat_xact_user_tables where relname = 'orders'").fetchone()
    assert row is not None
    return int(row[0])


def _modes(connection: psycopg.Connection, pid: int) -> set[str]:
    rows = connection.execute("select mode from pg_locks where pid = %s and relation = 'orders'::regclass", [pid])
    return {mode for (mode,) in rows}


def _strongest(modes: set[str]) -> str:
    words = re.sub(r"(?<!^)([A-Z])", r" \1", max(modes, key=_MODES.index).removesuffix("Lock"))
    return words.upper()


def _waits(connection: psycopg.Connection, pid: int) -> bool:
    waiting = sql.SQL("select count(*) from pg_locks where pid = %s and not granted")
    row = connection.execute(waiting, [pid]).fetchone()
    return row is not None and row[0] > 0
