"""Whether a session of ours is one session of the server, or a pooler deals its statements out to several.

A lock, a setting and a prepared statement belong to a session of the server. Behind pgbouncer with
pool_mode = transaction they are taken on one session and missed on the next, or left to a stranger, and nothing
says so. What a pooler calls itself is no proof either way: only what the sessions do is.
"""

from collections.abc import Awaitable, Callable

import asyncpg

from stillroom_worker.egress import Target
from stillroom_worker.failure import JobFailed

_WHO = "select pg_catalog.pg_backend_pid()"


async def is_pooled(session: "asyncpg.Connection") -> bool:
    """Whether something stands between us and the server: what it told us at the sign-in is not what the server says.

    Who passes connections on to several servers must give its clients cancel keys of its own, a process number
    among them.
    """
    try:
        return bool(await _backend(session) != session.get_server_pid())
    except asyncpg.InvalidSQLStatementNameError:
        return True  # one half of a question was asked here, the other one elsewhere


async def refuse_shared(
    session: "asyncpg.Connection", target: Target, another: Callable[[], Awaitable["asyncpg.Connection"]]
) -> None:
    """Raises JobFailed unless the session stays at one process of the server that is its alone.

    `another` opens a second session of the same kind: a pooler that deals out statements gives it the process that
    the first one has just let go, or gives the first one another. One after the other, twice.
    """
    second = await another()
    try:
        met = [await _backend(asked) for asked in (session, second, session, second)]
    except TimeoutError:
        raise JobFailed(
            "pool_full",
            "The pooler at this address has no second session to give.",
            f"{target.host}:{target.port}",
            "Give the direct address of the PostgreSQL server, or let the pool have more server connections: a job "
            "needs three, and those of env.py.",
        ) from None
    except (asyncpg.PostgresError, asyncpg.InterfaceError):
        raise _shared(target) from None
    finally:
        second.terminate()
    if met[0] != met[2] or met[1] != met[3] or met[0] == met[1]:
        raise _shared(target)


async def _backend(session: "asyncpg.Connection") -> int:
    number: int = await session.fetchval(_WHO)
    return number


def _shared(target: Target) -> JobFailed:
    return JobFailed(
        "pooled",
        "The address leads to a pooler that gives no session of its own.",
        f"{target.host}:{target.port}: one connection is answered by several sessions of the server.",
        "Give the direct address of the PostgreSQL server, or a pool with pool_mode = session: locks, settings and "
        "cancelling need a session.",
    )
