"""The two questions of the overview: what moves, often and small; and what has grown, on demand."""

import json
from typing import Any

import asyncpg

from stillroom_core.catalogues.names import qualified
from stillroom_worker.overview import statements
from stillroom_worker.target.reading import glance, reading

_TOP_MS, _HEALTH_MS, _SAMPLE_MS = 5_000, 15_000, 5_000


async def live(session: "asyncpg.Connection") -> dict[str, Any]:
    """One statement; the session is one that looks."""
    (row,) = await glance(session, statements.LIVE)
    return {name: json.loads(value) if name in statements.LISTED else value for name, value in row.items()}


async def health(session: "asyncpg.Connection") -> dict[str, Any]:
    """Tables, indexes, keys and statements, at most a hundred of each."""
    async with reading(session, _HEALTH_MS):
        known = await session.fetchrow(statements.HAS_STATEMENTS)
        found = {
            "size_bytes": await session.fetchval(statements.SIZE),
            "tables": await _rows(session, statements.TABLES),
            "unused_indexes": await _rows(session, statements.UNUSED_INDEXES),
            "duplicate_indexes": await _rows(session, statements.DUPLICATE_INDEXES),
            "unindexed_keys": await _rows(session, statements.UNINDEXED_KEYS),
            "statements_available": bool(known and known["available"]),
            "statements": None,
        }
    if known and known["installed"]:
        found["statements"] = await _statements(session, known["schema"])
    return found


async def _statements(session: "asyncpg.Connection", schema: str) -> list[dict[str, Any]] | None:
    """In a transaction of its own: the view refuses where the library is not loaded, at nobody's cost."""
    try:
        async with reading(session, _TOP_MS):
            return await _rows(session, statements.top_statements(qualified(schema, "pg_stat_statements")))
    except asyncpg.PostgresError:
        return None


async def sample(session: "asyncpg.Connection", *, tables: bool) -> dict[str, Any]:
    """What is kept over time; with `tables` also the twenty largest."""
    async with reading(session, _SAMPLE_MS):
        counters = await session.fetchrow(statements.COUNTERS)
        sessions = await session.fetch(statements.SESSIONS)
        dead = await session.fetchrow(
            "select coalesce(sum(n_live_tup), 0)::bigint as live, coalesce(sum(n_dead_tup), 0)::bigint as dead "
            "from pg_stat_user_tables"
        )
        replicas = await session.fetch(statements.REPLICAS)
        kept = ("commits", "rollbacks", "hits", "reads", "connections", "frozen_age")
        lags = [row["lag_s"] for row in replicas if row["lag_s"] is not None]
        return {
            **{name: counters[name] for name in kept},
            "active": sum(row["count"] for row in sessions if row["state"] == "active"),
            "oldest_s": max((row["oldest_s"] for row in sessions if row["oldest_s"] is not None), default=None),
            "lag_s": counters["behind_s"] if counters["replica"] else max(lags, default=None),
            "live": dead["live"],
            "dead": dead["dead"],
            "size_bytes": await session.fetchval(statements.SIZE),
            "tables": [list(row.values()) for row in await session.fetch(statements.LARGEST)] if tables else None,
        }


async def _rows(session: "asyncpg.Connection", statement: str) -> list[dict[str, Any]]:
    return [dict(row) for row in await session.fetch(statement)]
