"""The two ways in which a database is signed in to: by ourselves, and by a job's proxy."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg
import pytest

from stillroom_worker.egress import DatabaseProxy, Target
from stillroom_worker.failure import JobFailed
from stillroom_worker.target import connect

TOKEN = "token-of-this-job"
_WHO = "select current_user::text"
# Tells who was signed in; raises JobFailed with the words that a job would have.
SignIn = Callable[[Target, Path], Awaitable[str]]


async def by_ourselves(wanted: Target, _folder: Path) -> str:
    session = await connect(wanted, lambda _address: True, name="test")
    try:
        return str(await session.fetchval(_WHO))
    finally:
        session.terminate()


@asynccontextmanager
async def client_of_proxy(wanted: Target, folder: Path) -> AsyncIterator["asyncpg.Connection"]:
    """What a job has: a connection to its proxy, whose socket is in the folder."""
    async with DatabaseProxy(wanted, folder, TOKEN) as proxy:
        try:
            client = await asyncpg.connect(host=str(folder), user="me", password=TOKEN, database="mine")
        except asyncpg.PostgresError:
            (failure,) = proxy.failures
            raise JobFailed(failure.code, failure.message, "", failure.fix) from None
        try:
            yield client
        finally:
            client.terminate()


async def by_the_proxy(wanted: Target, folder: Path) -> str:
    async with client_of_proxy(wanted, folder) as client:
        return str(await client.fetchval(_WHO))


both_ways_in = pytest.mark.parametrize("sign_in", [by_ourselves, by_the_proxy])
