"""A network that forgot our idle connections costs one question, not a minute of somebody's request."""

import asyncio
import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from stillroom_core.database import Database, is_outage, make_engine
from stillroom_core.silence import BROKER_WITHIN, CONNECT_WITHIN, PING_WITHIN, open_broker
from stillroom_testing.relay import Relay
from stillroom_testing.servers import PostgresServer

# What follows from the settings, doubled for a busy machine; a statement of ours might else wait a minute.
POSTGRES_BOUND = 2 * (PING_WITHIN + CONNECT_WITHIN).total_seconds()
BROKER_BOUND = 4 * BROKER_WITHIN.total_seconds()


@pytest.fixture
async def network(postgres_server: PostgresServer) -> AsyncIterator[Relay]:
    async with Relay(postgres_server.port) as relay:
        yield relay


@pytest.fixture
async def database(network: Relay, postgres_server: PostgresServer) -> AsyncIterator[Database]:
    url = make_url(postgres_server.admin_url()).set(host="127.0.0.1", port=network.port)
    made = Database(make_engine(url.render_as_string(hide_password=False), pool_size=3))
    yield made
    await made.close()


async def backend(database: Database) -> int:
    async with database.unscoped() as session:
        return int((await session.execute(text("select pg_backend_pid()"))).scalar_one())


async def test_the_next_request_after_idle_connections_were_forgotten_gets_a_new_one(
    database: Database, network: Relay
) -> None:
    before = await backend(database)
    assert await backend(database) == before  # kept, and asked
    network.forget()
    async with asyncio.timeout(POSTGRES_BOUND):
        after = await backend(database)
    assert (after != before, network.accepted >= 2) == (True, True)
    async with asyncio.timeout(POSTGRES_BOUND):
        assert await backend(database) == after


async def test_the_server_is_asked_to_look_whether_we_are_still_there(database: Database) -> None:
    async with database.unscoped() as session:
        names = ("tcp_keepalives_idle", "tcp_keepalives_interval", "tcp_keepalives_count", "tcp_user_timeout")
        found = [(await session.execute(text(f"show {name}"))).scalar_one() for name in names]
    assert found == ["15", "5", "3", "20000"]


async def test_a_server_without_room_for_one_more_connection_is_away_for_now(
    database: Database, postgres_server: PostgresServer
) -> None:
    async with database.unscoped() as session:
        await session.execute(text("create role latecomer login connection limit 0 password 'late'"))
        await session.commit()
    url = make_url(postgres_server.admin_url()).set(username="latecomer", password="late")
    late = Database(make_engine(url.render_as_string(hide_password=False)))
    try:
        with pytest.raises(DBAPIError) as refused:
            await backend(late)
        assert is_outage(refused.value)
    finally:
        await late.close()
        async with database.unscoped() as session:
            await session.execute(text("drop role latecomer"))
            await session.commit()


async def test_several_forgotten_connections_are_found_out_by_one_question_each_at_most(
    database: Database, network: Relay
) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(backend(database))
    network.forget()
    async with asyncio.timeout(POSTGRES_BOUND):
        await asyncio.gather(*(backend(database) for _ in range(6)))


async def test_a_network_that_takes_no_connection_is_given_up_within_the_time_to_connect(
    database: Database, network: Relay
) -> None:
    network.swallow()
    async with asyncio.timeout(POSTGRES_BOUND):
        with pytest.raises((OSError, TimeoutError)):
            await backend(database)


async def test_idle_connections_are_probed_by_the_system(database: Database) -> None:
    seen: list[Any] = []

    async def look() -> None:
        async with database.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver: Any = raw.driver_connection
            handle = driver._transport.get_extra_info("socket")
            seen.append(handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE))
            seen.append(handle.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))

    await look()
    assert seen == [1, 20_000]


async def test_the_broker_answers_again_over_a_new_connection(redis_url: str) -> None:
    url = make_url(redis_url)
    async with Relay(url.port or 6379) as relay:
        broker = open_broker(url.set(host="127.0.0.1", port=relay.port).render_as_string(hide_password=False))
        try:
            assert await broker.ping()
            relay.forget()
            async with asyncio.timeout(BROKER_BOUND):
                assert await broker.ping()
            assert relay.accepted >= 2
        finally:
            await broker.aclose()
