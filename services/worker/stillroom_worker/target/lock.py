"""One migration at a time on a database, whoever starts it.

A session-level advisory lock on a connection of its own that is never in a transaction. On Alembic's
own connection it would open one there and break CREATE INDEX CONCURRENTLY; a waiter blocked inside
pg_advisory_lock() would hold a snapshot that does the same. So the lock is tried, not waited for.
"""

from dataclasses import dataclass
from typing import Any

import asyncpg

# Two 32-bit keys: the first says that Stillroom asks, the second stands for "migrations of this database".
# Advisory locks are per database, so the same pair everywhere is right.
LOCK_KEYS = (0x5711_1200, 1)

_HOLDER = """
select a.pid, a.application_name, a.usename, a.backend_start
from pg_locks l join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.granted and l.classid = $1 and l.objid = $2
  and l.database = (select oid from pg_database where datname = current_database())
limit 1
"""


@dataclass(frozen=True)
class DatabaseLock:
    """Whether the lock was got, and who holds it otherwise."""

    held: bool
    holder: str = ""
    session: dict[str, Any] | None = None  # the holder's, as the job's row keeps it


async def try_lock(connection: "asyncpg.Connection") -> DatabaseLock:
    """Tries once; the lock lives as long as the connection."""
    if await connection.fetchval("select pg_try_advisory_lock($1::int, $2::int)", *LOCK_KEYS):
        return DatabaseLock(True)
    row = await connection.fetchrow(_HOLDER, *LOCK_KEYS)
    if row is None:
        return DatabaseLock(False, "somebody who has just let go")
    who = row["application_name"] or "a session without a name"
    session = {
        "application": row["application_name"] or "",
        "username": row["usename"] or "",
        "pid": row["pid"],
        # Hidden from users without pg_read_all_stats.
        "since": row["backend_start"].isoformat() if row["backend_start"] else None,
    }
    return DatabaseLock(False, f"{who} (pid {row['pid']}, user {row['usename']})", session)
