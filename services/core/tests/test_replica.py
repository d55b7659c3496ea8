"""Who answers a long list: the replica where it has everything that was committed before, else the primary."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
import structlog
from sqlalchemy import text
from sqlalchemy.engine import make_url

from stillroom_core.database import Database, Session, make_engine
from stillroom_core.replica import Replica
from stillroom_core.silence import CONNECT_WITHIN
from stillroom_core.telemetry import metrics
from stillroom_testing.relay import Relay
from stillroom_testing.replicas import Replicated, asked
from stillroom_testing.replicas import replicated as with_replicas
from stillroom_testing.servers import DatabaseAddress, PostgresServer
from stillroom_testing.waiting import until

# A list that waited for a dead network would wait for its connection at least; half of that on a busy machine.
BOUND = CONNECT_WITHIN.total_seconds() / 2


def counted() -> dict[str, float]:
    """How many lists had which outcome so far."""
    return {
        s.labels["outcome"]: s.value for m in metrics.LISTS.collect() for s in m.samples if s.name.endswith("total")
    }


@pytest.fixture
def rows(replicated: Replicated) -> DatabaseAddress:
    """A database with a table that grows."""
    address = replicated.primary.new_database("replica")
    with psycopg.connect(address.url, autocommit=True) as connection:
        connection.execute("create table rows (n int)")
    return address


def write(address: DatabaseAddress) -> None:
    """What another process commits."""
    with psycopg.connect(address.url) as connection:
        connection.execute("insert into rows values (1)")


@pytest.fixture
async def primary(rows: DatabaseAddress) -> AsyncIterator[Database]:
    made = Database(make_engine(rows.url, pool_size=2))
    yield made
    await made.close()


@pytest.fixture
async def lists(primary: Database) -> AsyncIterator[Callable[..., Replica]]:
    """Makes what answers lists, with the replica at this port; it never rests unless that is said."""
    made: list[Replica] = []

    def make(address: DatabaseAddress, port: int, *, rest: float = 0, **changed: Any) -> Replica:
        url = make_url(address.url).set(port=port, **changed).render_as_string(hide_password=False)
        replica = Database(make_engine(url, pool_size=2))
        made.append(Replica(primary, replica, rest=timedelta(seconds=rest)))
        return made[-1]

    yield make
    for one in made:
        await one.close()


async def of_rows(session: Session) -> tuple[bool, int]:
    """Whether a replica answers, and how many rows it sees."""
    row = (await session.execute(text("select pg_is_in_recovery(), count(*) from rows"))).one()
    return row[0], row[1]


async def ask(primary: Database, lists: Replica) -> tuple[bool, int]:
    async with primary.unscoped() as session:
        return await lists.read(session, of_rows)


async def until_replica_answers(primary: Database, lists: Replica) -> int:
    """The rows that it shows, once it has caught up."""
    async with asyncio.timeout(60):
        while not (found := await ask(primary, lists))[0]:
            pass
    return found[1]


async def test_a_list_is_read_on_the_replica(replicated: Any, rows: Any, primary: Any, lists: Any) -> None:
    before = counted().get("replica", 0)
    assert await until_replica_answers(primary, lists(rows, replicated[0].port)) == 0
    assert counted()["replica"] > before


async def test_without_a_replica_the_transaction_itself_is_read(primary: Any) -> None:
    before = counted()
    assert await ask(primary, Replica(primary, None)) == (False, 0)
    assert counted() == before


async def test_what_anybody_committed_before_is_seen_although_nothing_is_replayed(
    replicated: Any, rows: Any, primary: Any, lists: Any
) -> None:
    there = lists(rows, replicated[0].port)
    await until_replica_answers(primary, there)
    await replicated.pause()
    try:
        for number in (1, 2):
            write(rows)
            behind = counted().get("behind", 0)
            assert await ask(primary, there) == (False, number)
            assert counted()["behind"] == behind + 1
        assert metrics.REPLICA_BEHIND.collect()[0].samples[0].value > 0
    finally:
        replicated.resume()
    assert await until_replica_answers(primary, there) == 2


async def test_a_list_that_follows_each_commit_never_lacks_it(
    replicated: Any, rows: Any, primary: Any, lists: Any
) -> None:
    there = lists(rows, replicated[0].port)
    await until_replica_answers(primary, there)
    by_replica = 0
    for number in range(1, 51):
        write(rows)
        replica, seen = await ask(primary, there)
        assert seen == number
        by_replica += replica
    assert by_replica > 0


async def test_a_server_that_is_away_costs_no_error_and_is_left_alone_for_a_while(
    replicated: Any, rows: Any, primary: Any, lists: Any
) -> None:
    async with Relay(replicated[0].port) as network:
        there = lists(rows, network.port, rest=600)
        await replicated.replayed()
        network.close()
        away = counted().get("away", 0)
        assert await ask(primary, there) == (False, 0)
        network.reopen()
        tried = network.accepted
        assert [await ask(primary, there) for _ in range(3)] == [(False, 0)] * 3
        assert (network.accepted, counted()["away"]) == (tried, away + 4)


async def test_a_network_that_swallows_everything_costs_a_list_a_moment_and_the_replica_comes_back(
    replicated: Any, rows: Any, primary: Any, lists: Any
) -> None:
    async with Relay(replicated[0].port) as network:
        there = lists(rows, network.port)
        await until_replica_answers(primary, there)
        network.swallow()
        write(rows)
        for _ in range(2):  # over a connection that was kept, and over a new one
            async with asyncio.timeout(BOUND):
                assert await ask(primary, there) == (False, 1)
        network.reopen()
        assert await until_replica_answers(primary, there) == 1


async def test_a_server_that_is_no_replica_of_ours_is_never_asked(
    replicated: Any, rows: Any, primary: Any, lists: Any, postgres_server: PostgresServer
) -> None:
    stranger = postgres_server.new_database("stranger")
    with psycopg.connect(stranger.url, autocommit=True) as connection:
        connection.execute("create table rows (n int)")
    write(rows)
    for there in (lists(rows, replicated.primary.port), lists(stranger, postgres_server.port)):
        failed = counted().get("failed", 0)
        assert await ask(primary, there) == (False, 1)
        assert counted()["failed"] == failed + 1


async def test_a_password_that_is_not_taken_costs_no_error_and_stands_in_no_log(
    replicated: Any, rows: Any, primary: Any, lists: Any
) -> None:
    there = lists(rows, replicated[0].port, password="canary-4711")
    with structlog.testing.capture_logs() as logs:
        assert await ask(primary, there) == (False, 0)
    assert [line["event"] for line in logs] == ["replica.not_asked"]
    assert "canary" not in str(logs)


async def test_what_only_the_replica_cannot_answer_is_answered_by_the_primary(
    replicated: Any, rows: Any, primary: Any, lists: Any
) -> None:
    there = lists(rows, replicated[0].port)
    await until_replica_answers(primary, there)

    async def writes(session: Session) -> int:
        return int(await session.scalar(text("insert into rows values (7) returning n")) or 0)

    async with primary.unscoped() as session:
        assert await there.read(session, writes) == 7
    assert (await ask(primary, there))[1] == 1


async def test_an_error_of_the_list_itself_is_its_callers(replicated: Any, rows: Any, primary: Any, lists: Any) -> None:
    there = lists(rows, replicated[0].port)
    await until_replica_answers(primary, there)

    async def refuses(_: Session) -> None:
        raise LookupError("no such place")

    async with primary.unscoped() as session:
        with pytest.raises(LookupError, match="no such place"):
            await there.read(session, refuses)


async def test_a_replica_of_a_primary_that_a_failover_replaced_is_not_asked_however_far_it_is() -> None:
    with with_replicas(2) as ours:
        address = ours.primary.new_database("failover")
        with psycopg.connect(address.url, autocommit=True) as connection:
            connection.execute("create table rows (n int)")
        await ours.replayed(0)
        await ours.replayed(1)
        # The new primary hears nothing of what the old one commits last; the other replica does.
        asked(ours[0], "alter system set primary_conninfo = ''")
        asked(ours[0], "select pg_reload_conf()")
        await until(lambda: asked(ours[0], "select not exists (select from pg_stat_wal_receiver)"))
        for _ in range(20):
            write(address)
        asked(ours.primary, "select pg_switch_wal()::text")
        write(address)
        await ours.replayed(1)
        ours.processes[0].stop()
        assert asked(ours[0], "select pg_promote(true)")
        old, new = (
            asked(ours[1], "select pg_last_wal_replay_lsn()::text"),
            asked(ours[0], "select pg_current_wal_flush_lsn()::text"),
        )
        assert asked(ours[0], f"select '{old}'::pg_lsn > '{new}'::pg_lsn")
        url = make_url(address.url).set(port=ours[0].port).render_as_string(hide_password=False)
        promoted = Database(make_engine(url, pool_size=2))
        there = Replica(promoted, Database(make_engine(make_url(url).set(port=ours[1].port).render_as_string(False))))
        try:
            replica, _ = await ask(promoted, there)
            assert not replica
        finally:
            await there.close()
            await promoted.close()
