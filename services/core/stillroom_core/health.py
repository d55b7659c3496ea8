"""Whether what a process depends on is there: our own PostgreSQL at the schema of this code, and the broker."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from stillroom_core.database import Database, make_engine
from stillroom_core.jobs import broker
from stillroom_core.newest_schema import NEWEST
from stillroom_core.own_tls import told
from stillroom_core.settings import Settings

OK = "ok"
_PATIENCE = timedelta(seconds=3)


async def database_answers(database: Database) -> str:
    """`ok`, or why our own PostgreSQL cannot be worked with; a schema newer than this code is as good."""
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()), database.unscoped() as session:
            return schema_fits((await session.scalars(text("select version_num from alembic_version"))).all())
    except (SQLAlchemyError, OSError, TimeoutError) as cause:
        return f"does not answer ({told(cause)})"


def schema_fits(found: Sequence[str]) -> str:
    """`ok`, or what is wrong with these revisions of our own schema.

    They are numbered, so a greater one is that of a later release, to which this code stays able to write.
    """
    if len(found) != 1:
        return f"its schema is at {len(found)} revisions; it must be at one: run the migrations"
    if found[0] < NEWEST:
        return f"its schema is at {found[0]}, this release needs {NEWEST}: run the migrations"
    return OK


async def broker_answers(redis: "Redis", settings: Settings) -> str:
    """`ok`, or why Valkey, or the broker of messages where it is another one, cannot be worked with."""
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            await redis.ping()
    except (RedisError, OSError, TimeoutError) as cause:
        return f"does not answer ({told(cause)})"
    if settings.broker_url is None:
        return OK
    try:
        await broker.product(settings)
    except broker.Away as cause:
        return f"messages: does not answer ({told(cause)})"
    return OK


def examine(settings: Settings) -> dict[str, str]:
    """What is not there, with the reason, seen over connections of its own; for threads beside an event loop."""
    return asyncio.run(_examine(settings))


async def _examine(settings: Settings) -> dict[str, str]:
    database = Database(make_engine(settings.database_url.get_secret_value(), pool_size=1, silence=_PATIENCE))
    redis = Redis.from_url(settings.redis_url.get_secret_value(), socket_connect_timeout=_PATIENCE.total_seconds())
    try:
        found = dict(
            zip(
                ("database", "broker"),
                await asyncio.gather(database_answers(database), broker_answers(redis, settings)),
                strict=True,
            )
        )
    finally:
        await redis.aclose()
        await database.close()
    return {what: why for what, why in found.items() if why != OK}
