"""A read-only transaction for one look: limited in time, waiting for nobody, always rolled back."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from stillroom_core.errors import StillroomError
from stillroom_worker.target.unencoded import take_any_bytes

LOCK_TIMEOUT_MS = 1000
# What a session that only looks gives to one statement.
GLANCE_MS = 5_000


def patience(timeout_ms: int) -> float:
    """Seconds to wait for an answer: the server ends statements in time, and this is for one that says nothing."""
    return timeout_ms / 1000 + 5


async def glance(session: "asyncpg.Connection", statement: str) -> "list[asyncpg.Record]":
    """One statement of ours on a session that `looks`: its own snapshot, read-only and limited without being told.

    What pages ask every few seconds is asked so, because a transaction around it would be four statements of five.
    """
    await take_any_bytes(session)
    found: list[asyncpg.Record] = await session.fetch(statement, timeout=patience(GLANCE_MS))
    return found


@asynccontextmanager
async def reading(session: "asyncpg.Connection", timeout_ms: int, *, anew: bool = False) -> AsyncIterator[None]:
    """Everything that is asked inside sees one snapshot and can change nothing.

    With `anew` every statement sees what is there when it begins: what was locked is then also what is looked up.
    """
    await take_any_bytes(session)
    await session.execute(
        f"begin transaction isolation level {'read committed' if anew else 'repeatable read'} read only;"
        f"select pg_catalog.set_config('statement_timeout', '{int(timeout_ms)}', true),"
        f" pg_catalog.set_config('lock_timeout', '{LOCK_TIMEOUT_MS}', true)"
    )
    try:
        yield
    except (asyncpg.PostgresError, StillroomError):
        await session.execute("rollback")
        raise
    # Broken off in the middle of a statement, it is ended by the end of the connection, which its holder sees to.
    await session.execute("rollback")
