"""One loop over a process: its events, its output, our heartbeat, a cancel, the wall clock, and its end."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import structlog

from stillroom_runner.messages import MAX_LINE, Rejected, inspect
from stillroom_worker import drain
from stillroom_worker.journal import Journal
from stillroom_worker.lines import handfuls, one_by_one
from stillroom_worker.sandbox import CellFailed, Prisoner
from stillroom_worker.supervise.account import Account

log = structlog.get_logger()

_LOOK_EVERY = timedelta(seconds=0.25)
# The ladder: after each of these without an end, the next rung.
ASK_FOR, TERMINATE_FOR, KILL_FOR = timedelta(seconds=10), timedelta(seconds=5), timedelta(seconds=5)
_LINE = 16 * 1024


Reason = Literal["exited", "cancelled", "timeout", "blocking", "worker_ends"]
_WHY: dict[str, str] = {
    "cancelled": "A cancel was asked for",
    "timeout": "The time limit has passed",
    "blocking": "Others waited too long for its locks",
    "worker_ends": "The worker was told to end",
}


@dataclass(frozen=True)
class Ending:
    """How the process ended: its exit status and what made it stop."""

    status: int
    reason: Reason
    limit: Literal["memory", "cpu"] | None = None

    @property
    def good(self) -> bool:
        """Whether the process ended by itself, and well."""
        return self.status == 0 and self.reason == "exited"


class Supervisor:
    """Runs the loop for one process; `cancel_backends` and `terminate_backends` reach its statements."""

    def __init__(
        self,
        journal: Journal,
        account: Account,
        *,
        time_limit: timedelta,
        cancel_backends: Callable[[], Awaitable[None]],
        terminate_backends: Callable[[], Awaitable[None]],
        blocking: asyncio.Event | None = None,
    ) -> None:
        self._journal = journal
        self._account = account
        self._time_limit = time_limit
        self._cancel_backends = cancel_backends
        self._terminate_backends = terminate_backends
        self._blocking = blocking
        self._rejected = 0

    async def watch(self, prisoner: Prisoner) -> Ending:
        """Watches until the process has ended and nothing of it is left."""
        readers = [
            asyncio.create_task(self._events(prisoner.events)),
            asyncio.create_task(self._lines(prisoner.stdout, "stdout")),
            asyncio.create_task(self._lines(prisoner.stderr, "stderr")),
        ]
        waiting = asyncio.create_task(prisoner.wait())
        stopping = asyncio.create_task(self._reason_to_stop())
        reason: Reason = "exited"
        try:
            await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                reason = stopping.result()
                await self._stop(prisoner, waiting, reason)
            status = await waiting
        finally:
            stopping.cancel()
            await self._prove_gone(prisoner)
            # Whatever still holds the pipes is gone, so their ends come now.
            _done, late = await asyncio.wait(readers, timeout=KILL_FOR.total_seconds())
            for task in (*late, waiting):
                task.cancel()
        for task in readers:
            if task.done() and not task.cancelled() and (failure := task.exception()):
                raise failure
        return Ending(status, reason, prisoner.limit_hit())

    async def _prove_gone(self, prisoner: Prisoner) -> None:
        try:
            await prisoner.verify_gone()
        except CellFailed as failure:
            # What the database says is still worth reading; the operator learns what is left.
            self._journal.note("not_gone", f"A process of the job could not be ended: {failure.reason}")
            log.error("job.process_left", reason=failure.reason)  # noqa: TRY400 - the reason says it all

    async def _reason_to_stop(self) -> Reason:
        deadline = asyncio.get_running_loop().time() + self._time_limit.total_seconds()
        while asyncio.get_running_loop().time() < deadline:
            if self._journal.cancel_asked():
                return "cancelled"
            if self._blocking is not None and self._blocking.is_set():
                return "blocking"
            if drain.overdue():
                return "worker_ends"
            await asyncio.sleep(_LOOK_EVERY.total_seconds())
        return "timeout"

    async def _stop(self, prisoner: Prisoner, waiting: "asyncio.Task[int]", reason: str) -> None:
        self._journal.note("stopping", f"{_WHY[reason]}: cancelling the statement on the server.")
        for act, patience in (
            (self._ask, ASK_FOR),
            (self._terminate, TERMINATE_FOR),
            (self._kill, KILL_FOR),
        ):
            await act(prisoner)
            if await self._ended(waiting, patience):
                return
        # Not to be waited for: verify_gone() reports what could not be killed.

    async def _ask(self, prisoner: Prisoner) -> None:
        await self._cancel_backends()
        prisoner.signal(signal.SIGTERM)

    async def _terminate(self, prisoner: Prisoner) -> None:
        self._journal.note("stopping", "It did not stop by itself: ending its database sessions.")
        await self._terminate_backends()
        prisoner.signal(signal.SIGTERM)

    async def _kill(self, prisoner: Prisoner) -> None:
        self._journal.note("stopping", "It still runs: killing every process of it.")
        prisoner.signal(signal.SIGKILL)

    async def _ended(self, waiting: "asyncio.Task[int]", patience: timedelta) -> bool:
        """Whether the process ends in time; raises where the job is not ours any more."""
        deadline = asyncio.get_running_loop().time() + patience.total_seconds()
        while not waiting.done() and asyncio.get_running_loop().time() < deadline:
            await asyncio.wait({waiting}, timeout=_LOOK_EVERY.total_seconds())
            self._journal.cancel_asked()
        return waiting.done()

    async def _events(self, reader: asyncio.StreamReader) -> None:
        async for line in one_by_one(reader, MAX_LINE):
            event = inspect(line)
            if isinstance(event, Rejected):
                self._rejected += 1
                if self._rejected == 1:
                    self._journal.note("event_rejected", f"A line of the run was not understood: {event.reason}.")
                continue
            self._account.take(event)

    async def _lines(self, reader: asyncio.StreamReader, stream: str) -> None:
        async for lines in handfuls(reader, _LINE):
            self._journal.output(stream, lines)
            await self._journal.room()
