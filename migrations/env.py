"""Runs our own migrations over asyncpg, from DATABASE_URL."""

import asyncio

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import create_async_engine

import stillroom_core.models  # noqa: F401 - registers every table
from stillroom_core.database import asyncpg_url
from stillroom_core.settings import get_settings
from stillroom_core.tables import Table

# A migration that waits for a lock makes every later query wait behind it: better to fail and be tried again.
LOCK_TIMEOUT = "5s"


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


async def run_online() -> None:
    """Opens a connection of its own with a bounded wait for locks."""
    engine = create_async_engine(
        asyncpg_url(context.config.get_main_option("sqlalchemy.url") or database_url()),
        connect_args={"server_settings": {"lock_timeout": LOCK_TIMEOUT, "application_name": "stillroom-migrations"}},
    )
    async with engine.connect() as connection:
        await connection.run_sync(run)
    await engine.dispose()


def database_url() -> str:
    """DATABASE_URL of this process."""
    return get_settings().database_url.get_secret_value()


if context.is_offline_mode():
    context.configure(
        dialect_name="postgresql",
        target_metadata=Table.metadata,
        literal_binds=True,
        dialect_opts={"paramstyle": "named"},
    )
    with context.begin_transaction():
        context.run_migrations()
else:
    asyncio.run(run_online())
