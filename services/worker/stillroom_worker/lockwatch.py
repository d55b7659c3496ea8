"""Looks at the locks of a database while a job's statement takes long: who waits for whom, and for how long."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic

import asyncpg
import structlog

from stillroom_worker.failure import JobFailed
from stillroom_worker.journal import Journal
from stillroom_worker.target import SESSION_BROKE
from stillroom_worker.target.locks import Session, Waits, read_waits

log = structlog.get_logger()

LOOK_EVERY = timedelta(seconds=1)
# A shorter statement ends before anybody could act on what we would tell.
LONG = timedelta(seconds=1)
TELL_AGAIN = timedelta(seconds=10)
_SHOWN = 3


class LockWatch:
    """One watch over one run, on a connection of its own that is opened when the first statement takes long."""

    def __init__(
        self,
        journal: Journal,
        *,
        connect: Callable[[], Awaitable["asyncpg.Connection"]],
        pids: Callable[[], frozenset[int]],
        busy_for: Callable[[], float],
        limit: timedelta | None,
    ) -> None:
        self._journal = journal
        self._connect = connect
        self._pids = pids
        self._busy_for = busy_for
        self._limit = limit
        self._session: asyncpg.Connection | None = None
        self._told: tuple[object, ...] = ()
        self._told_at = 0.0
        self.too_long = asyncio.Event()

    async def __aenter__(self) -> "LockWatch":
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_of_the_block: object) -> None:
        self._task.cancel()
        (failure,) = await asyncio.gather(self._task, return_exceptions=True)
        if isinstance(failure, Exception):
            # A mistake of ours, but the job is not to pay for it.
            log.error("lockwatch.broke", exc_info=failure)

    async def _run(self) -> None:
        """Looks until it is cancelled; a look that fails is told once and ends the watch, never the job."""
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY.total_seconds())
                if self._busy_for() >= LONG.total_seconds() or self._told or (self._limit and self._pids()):
                    await self._look()
        except (*SESSION_BROKE, JobFailed) as cause:
            self._journal.note("locks_unseen", f"The locks cannot be looked at: {type(cause).__name__}.")
        finally:
            if self._session is not None:
                self._session.terminate()

    async def _look(self) -> None:
        if self._session is None:
            self._session = await self._connect()
        waits = await read_waits(self._session, self._pids())
        self._tell(waits)
        longest = max((session.waits_s or 0.0 for session in waits.blocked), default=0.0)
        if self._limit is not None and longest > self._limit.total_seconds() and not self.too_long.is_set():
            self._journal.note(
                "blocked_others",
                f"{_name(waits.blocked[0])} has waited {longest:.0f} s for a lock of this job; "
                f"the environment allows {self._limit.total_seconds():.0f} s.",
            )
            self.too_long.set()

    def _tell(self, waits: Waits) -> None:
        shape = waits.shape()
        empty = not any(shape)
        if shape == self._told and (empty or monotonic() - self._told_at < TELL_AGAIN.total_seconds()):
            return
        if empty and not self._told:
            return
        text = "" if shape == self._told else sentence(waits)
        self._journal.event("locks", text=text, **waits.as_event())
        self._told, self._told_at = () if empty else shape, monotonic()


def sentence(waits: Waits) -> str:
    """What the stream and the terminal say; empty when only a percentage moved."""
    parts = []
    for session in waits.waiting[:_SHOWN]:
        by = [waits.sessions[pid] for pid in session.blockers if pid in waits.sessions]
        holders = ", ".join(_name(holder) for holder in by[:_SHOWN]) or "a prepared transaction"
        parts.append(f"Waits for a lock on {session.wants}, held by {holders}.")
    if waits.blocked:
        names = ", ".join(_name(session) for session in waits.blocked[:_SHOWN])
        more = f" and {len(waits.blocked) - _SHOWN} more" if len(waits.blocked) > _SHOWN else ""
        parts.append(f"Makes others wait: {names}{more}.")
    for build in waits.builds:
        percent = f", {build.percent:.0f} %" if build.percent is not None else ""
        parts.append(f"Building an index of {build.relation}: {build.phase}{percent}.")
    return " ".join(parts) or "No lock is waited for any more."


def _name(session: Session) -> str:
    since = f"for {session.transaction_s:.0f} s" if session.transaction_s is not None else ""
    who = session.application or session.username or session.backend
    about = ", ".join(part for part in (who, f"{session.state} {since}".strip()) if part)
    return f"{session.pid} ({about})" if about else str(session.pid)
