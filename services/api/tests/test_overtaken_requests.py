"""Requests that meet another's transaction half-way: nothing of them stays, and they are told to try again."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import text

from stillroom_api import problems

LOCK = text("select pg_advisory_xact_lock(:key)")


async def both_ways(database: Any) -> None:
    """Two transactions wait for each other; raises what PostgreSQL tells the one that it ends."""
    both_hold_one = asyncio.Barrier(2)

    async def cross(first: int, second: int) -> None:
        async with database.everything() as session:
            await session.execute(LOCK, {"key": first})
            await both_hold_one.wait()
            await session.execute(LOCK, {"key": second})

    outcomes = await asyncio.gather(cross(1, 2), cross(2, 1), return_exceptions=True)
    [failed] = [one for one in outcomes if one]
    raise failed


async def test_who_is_ended_in_a_deadlock_is_told_to_try_again(api: Any) -> None:
    app = FastAPI()
    problems.install(app)

    @app.get("/")
    async def deadlock() -> None:
        await both_ways(api.app.state.context.database)

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        answer = await client.get("/")
    assert (answer.status_code, answer.json()["code"]) == (409, "changed_meanwhile")
    assert answer.json()["fix"]
