"""Runs our own migrations over asyncpg as the owner of the tables, and guards every table when they are done."""

import asyncio
import sys

from alembic import context
from sqlalchemy import Connection, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

import stillroom_core.models  # noqa: F401 - registers every table
from stillroom_core.database import for_engine
from stillroom_core.settings import get_settings
from stillroom_core.tables import Table
from stillroom_core.tenancy import GUARD, admit

# A migration that waits for a lock makes every later query wait behind it: better to give up and try again. And it is
# shorter than PostgreSQL's deadlock_timeout (1 s), so that where a migration and a request wait for each other's tables
# the migration gives way, and nobody's request is the one that is ended.
LOCK_TIMEOUT = "800ms"
# Each migration is a transaction of its own, so what was reached stays; together about a minute.
_TRIES = 30
_LONGEST_PAUSE_S = 2.0
_LOST = {"55P03", "40P01"}  # lock_not_available, deadlock_detected


def run(connection: Connection) -> None:
    """Configures Alembic on an open connection and runs what was asked for."""
    context.configure(
        connection=connection,
        target_metadata=Table.metadata,
        compare_server_default=True,
        transaction_per_migration=True,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.execute(text(GUARD))
    if (application := application_role()) is not None:
        admit(connection, *application)
    connection.commit()


def see_everything(connection: Connection) -> None:
    """A migration that changes data is about every organization; the owner too is held by the policies."""
    connection.execute(text("select set_config('app.everything', 'on', false)"))
    connection.commit()


def application_role() -> tuple[str, str | None] | None:
    """Name and password of the role that the service signs in as, where it is not the owner's."""
    settings = get_settings()
    given = make_url(settings.database_url.get_secret_value())
    owner = make_url(database_url())
    if settings.owner_database_url is None or given.username is None or given.username == owner.username:
        return None
    return given.username, str(given.password) if given.password else None


async def run_online() -> None:
    """Runs what was asked for, again from where it stopped when a lock was not to be had, about a minute long."""
    for attempt in range(1, _TRIES + 1):
        try:
            await run_once()
            break
        except DBAPIError as cause:
            if getattr(cause.orig, "sqlstate", None) not in _LOST or attempt == _TRIES:
                raise
        print(f"A table is in use; tried again ({attempt} of {_TRIES}).", file=sys.stderr, flush=True)  # noqa: T201
        await asyncio.sleep(min(0.1 * attempt, _LONGEST_PAUSE_S))


async def run_once() -> None:
    """Opens a connection of its own with a bounded wait for locks."""
    address, encrypted = for_engine(context.config.get_main_option("sqlalchemy.url") or database_url())
    engine = create_async_engine(
        address,
        connect_args={
            **encrypted,
            "server_settings": {"lock_timeout": LOCK_TIMEOUT, "application_name": "stillroom-migrations"},
        },
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(see_everything)
            await connection.run_sync(run)
    finally:
        await engine.dispose()


def database_url() -> str:
    """The owner's address, or the only one."""
    settings = get_settings()
    return (settings.owner_database_url or settings.database_url).get_secret_value()


if context.is_offline_mode():
    context.configure(
        dialect_name="postgresql",
        target_metadata=Table.metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    with context.begin_transaction():
        context.run_migrations()
        context.execute(GUARD)
else:
    asyncio.run(run_online())
