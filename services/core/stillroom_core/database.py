"""Our own PostgreSQL: one engine a process, one session type everywhere."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

import asyncpg
import structlog
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm.exc import StaleDataError
from sqlalchemy.util import await_only

from stillroom_core.own_tls import for_asyncpg
from stillroom_core.settings import get_settings
from stillroom_core.silence import ASK_SERVER_TO_PROBE, CONNECT_WITHIN, PING_WITHIN, keep_alive
from stillroom_core.tenancy import EVERYTHING, ScopedSession, scoped

log = structlog.get_logger()

Session = AsyncSession


def for_engine(url: str) -> tuple[URL, dict[str, Any]]:
    """The same database, spelled for asyncpg, and what its `connect` is told besides."""
    plain, encrypted = for_asyncpg(url)
    return make_url(plain).set(drivername="postgresql+asyncpg"), encrypted


def was_overtaken(error: BaseException) -> bool:
    """Whether another transaction was first: it took the row away, or PostgreSQL ended this one for its sake.

    Class 40 of PostgreSQL's error codes, "transaction rollback", holds deadlocks and failed serializations.
    """
    if isinstance(error, StaleDataError | IntegrityError):
        return True
    return isinstance(error, DBAPIError) and str(getattr(error.orig, "sqlstate", "")).startswith("40")


def is_outage(error: BaseException) -> bool:
    """Whether an error says that the server is away, which may pass, rather than that something is wrong."""
    if isinstance(error, DBAPIError):
        return error.connection_invalidated or (
            error.orig is not None and is_outage(error.orig.__cause__ or error.orig)
        )
    return isinstance(
        error,
        (
            OSError,
            TimeoutError,
            PoolTimeout,
            asyncpg.InterfaceError,
            asyncpg.PostgresConnectionError,
            asyncpg.exceptions.OperatorInterventionError,  # it shuts down, starts up, or recovers
            asyncpg.exceptions.InsufficientResourcesError,  # places for connections, memory or disk are used up
        ),
    )


_SILENCE = timedelta(seconds=60)


def make_engine(url: str, *, pool_size: int = 10, silence: timedelta = _SILENCE) -> AsyncEngine:
    """An engine whose connections name themselves.

    After `silence` each side gives the other one up: we a server that does not answer, the server a transaction in
    which nothing more is said. A host that vanished closes nothing, and would else hold its row locks for ever.
    A connection that waited in the pool is asked first, and has PING_WITHIN to answer.
    """
    address, encrypted = for_engine(url)
    engine = create_async_engine(
        address,
        pool_size=pool_size,
        max_overflow=pool_size,
        pool_pre_ping=True,
        connect_args={
            **encrypted,
            "server_settings": {
                "application_name": "stillroom",
                "idle_in_transaction_session_timeout": str(int(silence.total_seconds() * 1000)),
            },
            "timeout": min(silence, CONNECT_WITHIN).total_seconds(),
            "command_timeout": silence.total_seconds(),
        },
    )
    dialect: Any = engine.sync_engine.dialect
    dialect.do_ping = _still_there  # SQLAlchemy's own waits as long as a statement may, in a transaction of its own
    event.listen(engine.sync_engine, "connect", _probe_when_idle)
    return engine


def _still_there(connection: Any) -> bool:
    """One round trip, without a transaction, so that a pooler in between takes it too."""
    asked = connection.driver_connection.execute("select 1", timeout=PING_WITHIN.total_seconds())
    try:
        await_only(asked)
    except (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.PostgresError) as cause:
        log.info("database.connection_lost", cause=type(cause).__name__)
        return False
    return True


def _probe_when_idle(connection: Any, _record: Any) -> None:
    keep_alive(connection.driver_connection._transport)
    await_only(connection.driver_connection.execute(ASK_SERVER_TO_PROBE))


class Database:
    """The engine and the sessions of one process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.sessions = async_sessionmaker(engine, expire_on_commit=False, sync_session_class=ScopedSession)
        # Set by the process that has a queue: what to do with a session whose transaction was committed.
        self.after_commit: Callable[[Session], Awaitable[None]] | None = None

    @classmethod
    def from_settings(cls, *, pool_size: int = 10, silence: timedelta = _SILENCE) -> "Database":
        """Connects to DATABASE_URL."""
        return cls(make_engine(get_settings().database_url.get_secret_value(), pool_size=pool_size, silence=silence))

    def transaction(self, organization_id: UUID) -> AbstractAsyncContextManager[Session]:
        """One unit of work in one organization: committed when the block ends well, rolled back otherwise."""
        return self._unit(organization_id)

    def everything(self) -> AbstractAsyncContextManager[Session]:
        """One unit of work that sees every organization: for workers, the scheduler and first data."""
        return self._unit(EVERYTHING)

    def unscoped(self) -> AbstractAsyncContextManager[Session]:
        """One unit of work that sees nothing of any organization before `tenancy.narrow` says which it is about."""
        return self._unit(None)

    @asynccontextmanager
    async def _unit(self, scope: UUID | str | None) -> AsyncIterator[Session]:
        async with self.sessions(info=scoped(scope)) as session:
            async with session.begin():
                yield session
            if self.after_commit is not None:
                await self.after_commit(session)

    async def close(self) -> None:
        """Returns all connections."""
        await self.engine.dispose()
