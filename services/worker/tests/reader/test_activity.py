"""Who works in a database, who waits for whom, and how one of them is ended."""

import asyncio
from typing import Any

import psycopg


async def sessions(look: Any) -> dict[int, dict[str, Any]]:
    answer = await look.call("GET", "/activity")
    assert answer.status_code == 200, answer.text
    return {one["pid"]: one for one in answer.json()["sessions"]}


async def test_who_waits_is_shown_with_whom_they_wait_for_and_can_be_cancelled(look: Any) -> None:
    with psycopg.connect(look.target.url) as holder, psycopg.connect(look.target.url) as waiter:
        holder.execute("lock table shop.base in access exclusive mode")
        asking = asyncio.create_task(asyncio.to_thread(refused, waiter))
        async with asyncio.timeout(30):
            while not (seen := (await sessions(look)).get(waiter.info.backend_pid, {})).get("blockers"):
                await asyncio.sleep(0.05)
        assert seen["blockers"] == [holder.info.backend_pid]
        assert (seen["wants_schema"], seen["wants"], seen["may_end"]) == ("shop", "base", True)
        assert (await sessions(look))[holder.info.backend_pid]["state"] == "idle in transaction"
        body = {"pid": seen["pid"], "started": seen["started"], "terminate": False}
        answer = await look.call("POST", "/activity/end", json=body)
        assert answer.json() == {"done": True}
        assert "QueryCanceled" in await asking


def refused(connection: Any) -> str:
    try:
        connection.execute("select * from shop.base")
    except psycopg.Error as cause:
        return type(cause).__name__
    return ""


async def test_a_session_is_ended_only_if_it_is_still_the_one_that_was_seen(look: Any) -> None:
    with psycopg.connect(look.target.url, autocommit=True) as other:
        other.execute("select 1")
        seen = (await sessions(look))[other.info.backend_pid]
        stranger = {"pid": seen["pid"], "started": seen["started"] - 1, "terminate": True}
        answer = await look.call("POST", "/activity/end", json=stranger)
        assert (answer.status_code, answer.json()["code"]) == (409, "session_gone")
        other.execute("select 1")
        body = {"pid": seen["pid"], "started": seen["started"], "terminate": True}
        assert (await look.call("POST", "/activity/end", json=body)).json() == {"done": True}
        async with asyncio.timeout(30):
            while seen["pid"] in await sessions(look):
                await asyncio.sleep(0.05)


async def test_an_open_activity_page_costs_one_transaction_a_look_and_leaves_nothing_open(look: Any) -> None:
    own = "application_name = 'stillroom:reader'"
    await sessions(look)
    for _ in range(5):
        await sessions(look)
    with psycopg.connect(look.target.url, autocommit=True) as other:
        states = other.execute(
            f"select state, xact_start from pg_stat_activity where {own} and datname = current_database()"  # type: ignore[call-overload]
        ).fetchall()
    assert states == [("idle", None)]
