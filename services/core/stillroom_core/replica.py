"""A streaming replica of our own PostgreSQL that answers long lists, and never with less than the primary would.

A list is asked for in a request whose transaction stands on the primary. There one statement tells up to where the log
is flushed: whatever anybody saw committed before is in it, by whichever process it was written. The replica answers
once it has replayed as far, or the primary does. Nothing is remembered between requests, so nothing can be forgotten.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any, TypeVar

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from stillroom_core.database import Database, Session, is_outage, make_engine
from stillroom_core.settings import Settings
from stillroom_core.tasks import end
from stillroom_core.telemetry import metrics
from stillroom_core.tenancy import same_view

log = structlog.get_logger()

T = TypeVar("T")

# What the replica may take for a whole answer, with a new connection and the wait for what it has not replayed yet.
_ANSWER_WITHIN = timedelta(seconds=1)
# How long what was not replayed yet is waited for: a replica in its place is behind by milliseconds.
_REPLAY_WITHIN, _LOOK_EVERY = timedelta(milliseconds=100), timedelta(milliseconds=10)
# So that one that is away or far behind costs a list in that time once, not every list.
_REST = timedelta(seconds=5)
_POOL_SIZE = 5

# Where commits are not flushed before they are seen, what counts is what was written, flushed or not.
_STAND = text(
    "select case when current_setting('synchronous_commit') = 'off' then pg_current_wal_insert_lsn() "
    "else pg_current_wal_flush_lsn() end::text as place, left(pg_walfile_name(pg_current_wal_flush_lsn()), 8) as line"
)
# Bytes that are not replayed yet; null of a server that replays nothing (it was promoted, or never was a replica), or
# keeps its place to itself, as hosted ones that share the primary's storage do.
_BEHIND = text(
    "select case when pg_is_in_recovery() and pg_last_wal_replay_lsn() is not null "
    "then greatest(pg_wal_lsn_diff(cast(cast(:place as text) as pg_lsn), pg_last_wal_replay_lsn()), 0)::bigint end"
)
_HISTORY = text(
    "select system_identifier::text as system, lpad(upper(to_hex(timeline_id)), 8, '0') as line "
    "from pg_control_system(), pg_control_checkpoint()"
)


@dataclass(frozen=True)
class Stand:
    """How far the primary's log is flushed: a place in it, and on which timeline; each failover begins one."""

    place: str
    line: str


@dataclass(frozen=True)
class History:
    """Which server's log that is, and the timeline of its last checkpoint or restart point."""

    system: str
    line: str


class _NotNow(Exception):
    """The replica lives, and cannot answer this list."""


class Replica:
    """The replica of one process; without one, every list is the primary's.

    After an answer that did not come, it rests: for `rest` no list asks it.
    """

    def __init__(self, primary: Database, replica: Database | None, *, rest: timedelta = _REST) -> None:
        self._primary, self._replica = primary, replica
        self._rest, self._rests_until, self._why = rest, 0.0, ""
        self._proven_for: str | None = None  # the timeline on which its log was found to be the primary's
        self._ending: set[asyncio.Task[Any]] = set()

    @classmethod
    def from_settings(cls, settings: Settings, primary: Database) -> "Replica":
        """The one of DATABASE_REPLICA_URL; connects when the first list is asked for."""
        url = settings.database_replica_url
        if url is None:
            return cls(primary, None)
        return cls(primary, Database(make_engine(url.get_secret_value(), pool_size=_POOL_SIZE)))

    async def read(self, session: Session, work: Callable[[Session], Awaitable[T]]) -> T:
        """What `work` reads, by the replica where that is as good as by the session's own transaction.

        On the replica it sees what this session sees, and nothing of what its transaction has changed. `work` only
        reads, and may be run a second time.
        """
        if self._replica is None:
            return await work(session)
        if monotonic() >= self._rests_until:
            stand = await stand_of(session)
            try:
                found = await self._in_time(self._answer(self._replica, same_view(session), stand, work))
            except (_NotNow, SQLAlchemyError, OSError, TimeoutError) as cause:
                self._did_not_answer(cause)
            else:
                metrics.LISTS.labels("replica").inc()
                return found
        metrics.LISTS.labels(self._why).inc()
        return await work(session)

    async def close(self) -> None:
        """Returns its connections."""
        await end(self._ending)
        if self._replica is not None:
            await self._replica.close()

    async def _answer(
        self, replica: Database, view: dict[str, Any], stand: Stand, work: Callable[[Session], Awaitable[T]]
    ) -> T:
        if self._proven_for != stand.line:
            await self._compare_histories(replica, stand)
        async with replica.sessions(info=view) as reading:
            await self._catch_up(reading, stand)
            return await work(reading)

    async def _catch_up(self, reading: Session, stand: Stand) -> None:
        """Returns once everything up to that place of the log is to be seen; raises _NotNow."""
        waited_since = monotonic()
        behind = await bytes_behind(reading, stand)
        if behind is not None:
            metrics.REPLICA_BEHIND.set(behind)
        while behind != 0:
            if behind is None:
                raise _NotNow("failed", "it is no replica, or not any more")
            if monotonic() - waited_since > _REPLAY_WITHIN.total_seconds():
                raise _NotNow("behind", f"{behind} bytes are not replayed")
            await asyncio.sleep(_LOOK_EVERY.total_seconds())
            behind = await bytes_behind(reading, stand)

    async def _compare_histories(self, replica: Database, stand: Stand) -> None:
        """Raises _NotNow where it replays another log: of another server, or of a primary that a failover replaced.

        The places of such a log say nothing about ours. A replica that follows to a new timeline is asked again once it
        has a restart point there.
        """
        ours, theirs = await history_of(self._primary), await history_of(replica)
        if ours and theirs:
            if ours.system != theirs.system:
                raise _NotNow("failed", "it is a replica of another server")
            if theirs.line != stand.line:
                raise _NotNow("behind", f"it is on timeline {theirs.line}, not on {stand.line}")
        self._proven_for = stand.line

    async def _in_time(self, answering: Coroutine[Any, Any, T]) -> T:
        """The answer, or TimeoutError; what goes on then ends beside the request: a silent server is slow to leave."""
        task = asyncio.create_task(answering)
        try:
            await asyncio.wait({task}, timeout=_ANSWER_WITHIN.total_seconds())
        finally:
            if not task.done():
                task.cancel()
                self._ending.add(task)
                task.add_done_callback(self._ended)
        if not task.done():
            raise TimeoutError
        return task.result()

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._ending.discard(task)
        if not task.cancelled():
            task.exception()

    def _did_not_answer(self, cause: BaseException) -> None:
        if isinstance(cause, _NotNow):
            self._why, reason = cause.args
        else:
            self._why, reason = "away" if is_outage(cause) else "failed", type(cause).__name__
        self._rests_until = monotonic() + self._rest.total_seconds()
        log.warning("replica.not_asked", why=self._why, reason=reason, rest_s=self._rest.total_seconds())


async def stand_of(session: Session) -> Stand:
    """Of the primary, which this session stands on."""
    place, line = (await session.execute(_STAND)).one()
    return Stand(place, line)


async def bytes_behind(session: Session, stand: Stand) -> int | None:
    """What the server of this session has not replayed yet; None where it replays nothing."""
    behind: int | None = await session.scalar(_BEHIND, {"place": stand.place})
    return behind


async def history_of(database: Database) -> History | None:
    """Of a primary or a replica; None where a hosted service keeps that to itself."""
    try:
        async with database.unscoped() as session:
            system, line = (await session.execute(_HISTORY)).one()
            return History(system, line)
    except DBAPIError as cause:
        if is_outage(cause):
            raise
        return None
