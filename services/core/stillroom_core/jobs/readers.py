"""Readers of jobs' streams: one per job and process, however many watch it.

A reader subscribes first, then reads what is stored, then follows what is published; whoever publishes has stored
before. The two orders together leave no gap; and if a published message is lost all the same, the next number or the
next look at the table shows it. The reader keeps the newest lines in a window. A watcher holds nothing but the number
it has: what it misses it takes from the window, and what has left the window from pages of the table, which watchers
share too. So neither the queries nor the memory grow with the watchers, and a slow one costs the others nothing.
"""

import asyncio
import contextlib
import json
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property
from time import monotonic
from typing import Any, Protocol
from uuid import UUID

import structlog
from sqlalchemy import exists, func, select

from stillroom_core.database import Database, Session, is_outage
from stillroom_core.jobs.feed import LOCKS, PAGE, channel_of, masked_data, read_events
from stillroom_core.jobs.lifecycle import FINAL, JobState
from stillroom_core.jobs.models import Job, JobEvent
from stillroom_core.live.switchboard import Switchboard
from stillroom_core.masks.models import Mask
from stillroom_core.tasks import end

log = structlog.get_logger()

# How long a silent stream waits before its reader looks at the table itself.
_LOOK_AGAIN = timedelta(seconds=3).total_seconds()
_OUTAGE_PAUSE = timedelta(seconds=1).total_seconds()
# A job of a thousand steps moves on a hundred times a second, and costs milliseconds to read: so much of a reader's
# time at most goes into reading progress. A change of state is read at once.
_SHARE_OF_PROGRESS = 0.1
# What a reader keeps of the newest lines, and what all watchers of a process that are further behind share.
_WINDOW_LINES, _WINDOW_CHARS = 2_000, 4 * 1024 * 1024
_PAGES_CHARS = 32 * 1024 * 1024
# Most watchers are at the same number: so many different ones share what was written out for them.
_SLICES = 8
# Messages that came while the table was read slowly; with more the reader forgets them and looks again.
_INBOX = 500


class Content(Protocol):
    """A job as the process that owns the readers shows it; equal texts are the same news."""

    @property
    def text(self) -> str: ...


# Reads a job within a transaction, or None when there is none (any more).
Look = Callable[[Session, UUID, UUID], Awaitable[Content | None]]


@dataclass(frozen=True)
class Line:
    """One event of a stream, written out once for everybody."""

    seq: int
    type: str
    text: str
    # For whom columns are masked, where that is another one.
    masked: str | None = None


@dataclass(frozen=True)
class Batch:
    """What a watcher receives: new lines, the job as it is now, or the end."""

    lines: tuple[Line, ...] = ()
    job: Content | None = None
    ended: bool = False

    @cached_property
    def text(self) -> str:
        """The lines as a JSON array; the same object goes to many watchers."""
        return f"[{','.join(line.text for line in self.lines)}]"

    @cached_property
    def masked(self) -> "Batch":
        """The same for whom columns are masked."""
        if all(line.masked is None for line in self.lines):
            return self
        return replace(self, lines=tuple(replace(line, text=line.masked or line.text) for line in self.lines))


class Readers:
    """The readers of one process."""

    def __init__(self, database: Database, switchboard: Switchboard, look: Look) -> None:
        self.database = database
        self.switchboard = switchboard
        self.look = look
        self._open: dict[UUID, _Reader] = {}
        self._pages: OrderedDict[tuple[UUID, int], Batch] = OrderedDict()
        self._pages_size = 0
        self._reading: dict[tuple[UUID, int], asyncio.Task[Batch]] = {}

    async def follow(
        self, organization_id: UUID, job_id: UUID, *, after: int = 0, unmasked: Callable[[], bool] = lambda: False
    ) -> AsyncIterator[Batch]:
        """Every event after `after`, once and in order, until the job has ended and all was given.

        Holds no database session. Gives as fast as it is asked and keeps nothing for who does not ask. `unmasked` says
        at every moment whether the watcher may see what the project's masks hide.
        """
        reader = self._join(organization_id, job_id)
        last, version = after, 0
        try:
            while True:
                news = reader.news
                if reader.failure is not None:
                    raise reader.failure
                if reader.looked:
                    batch, last = await self._after(reader, last)
                    if batch is not None:
                        yield batch.masked if reader.masks and not unmasked() else batch
                        continue
                    if reader.version != version:
                        version = reader.version
                        yield Batch(job=reader.content)
                        continue
                    if reader.ended:
                        yield Batch(ended=True)
                        return
                await news.wait()
        finally:
            self._leave(reader)

    async def close(self) -> None:
        """Ends every reader."""
        await end([*(reader.task for reader in self._open.values() if reader.task), *self._reading.values()])

    def _join(self, organization_id: UUID, job_id: UUID) -> "_Reader":
        reader = self._open.get(job_id)
        if reader is None or reader.failure is not None:
            reader = self._open[job_id] = _Reader(self, organization_id, job_id)
            reader.task = asyncio.create_task(reader.run())
        reader.watchers += 1
        return reader

    def _leave(self, reader: "_Reader") -> None:
        reader.watchers -= 1
        if reader.watchers == 0:
            reader.leave()
            if self._open.get(reader.job_id) is reader:
                del self._open[reader.job_id]

    async def _after(self, reader: "_Reader", last: int) -> tuple[Batch | None, int]:
        """What follows a number, and the number that has been reached; None when there is nothing (yet)."""
        if last < reader.first - 1:
            batch = await self._page(reader, last)
            if not batch.lines:  # the log was removed, all of it
                return None, reader.first - 1
        else:
            batch = reader.window_after(last)
        return (batch, batch.lines[-1].seq) if batch.lines else (None, last)

    async def _page(self, reader: "_Reader", last: int) -> Batch:
        """A page of the table from before the window; watchers that want the same one read it once."""
        start = last - last % PAGE
        key = (reader.job_id, start)
        if key in self._pages:
            self._pages.move_to_end(key)
            page = self._pages[key]
        else:
            if key not in self._reading:
                self._reading[key] = asyncio.create_task(self._read_page(reader, start))
                self._reading[key].add_done_callback(lambda _: self._reading.pop(key, None))
            # Shielded: who leaves must not take the page away from the others.
            page = await asyncio.shield(self._reading[key])
        return page if last == start else Batch(tuple(line for line in page.lines if line.seq > last))

    async def _read_page(self, reader: "_Reader", start: int) -> Batch:
        async with self.database.transaction(reader.organization_id) as session:
            events = await read_events(session, reader.organization_id, reader.job_id, after=start)
        page = Batch(tuple(_written(event.as_dict()) for event in events))
        if len(page.lines) == PAGE:  # a full page stays as it is for ever
            self._pages[reader.job_id, start] = page
            self._pages_size += len(page.text)
            while self._pages_size > _PAGES_CHARS and len(self._pages) > 1:
                self._pages_size -= len(self._pages.popitem(last=False)[1].text)
        return page


@dataclass(eq=False)
class _Reader:
    """Follows one job for all its watchers."""

    readers: Readers
    organization_id: UUID
    job_id: UUID
    watchers: int = 0
    task: asyncio.Task[None] | None = None
    looked: bool = False
    content: Content | None = None
    # Whether the job's project masks columns, as of the last look.
    masks: bool = True
    version: int = 0
    ended: bool = False
    failure: Exception | None = None
    # Nobody watches any more; a cancel alone may get lost in a library.
    _left: bool = False
    # Number of the first line of the window, and of the line behind its last.
    first: int = 1
    news: asyncio.Event = field(default_factory=asyncio.Event)
    _window: list[Line] = field(default_factory=list)
    _size: int = 0
    _slices: dict[int, Batch] = field(default_factory=dict)
    _inbox: deque[str | None] = field(default_factory=deque)
    _came: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def last(self) -> int:
        """The number of the newest line that is known."""
        return self.first + len(self._window) - 1

    def window_after(self, last: int) -> Batch:
        """The lines of the window after a number that is not before it."""
        if last >= self.last:
            return Batch()
        if last in self._slices:
            return self._slices[last]
        begin = last + 1 - self.first
        batch = Batch(tuple(self._window[begin : begin + PAGE]))
        if len(self._slices) < _SLICES:
            self._slices[last] = batch
        return batch

    def leave(self) -> None:
        """Nobody watches any more."""
        self._left = True
        if self.task is not None:
            self.task.cancel()

    async def run(self) -> None:
        """Reads and follows until the job has ended; what goes wrong is raised in every watcher."""
        channel = channel_of(self.job_id)
        self.readers.switchboard.listen(channel, self._heard)
        try:
            await self._next(_OUTAGE_PAUSE)  # the broker's word that it listens, before the table is read
            await self._follow()
        except Exception as failure:
            log.exception("reader.broke", job=str(self.job_id))
            self.failure = failure
            self._tell()
        finally:
            self.readers.switchboard.leave(channel, self._heard)

    async def _follow(self) -> None:
        look, progressed, rested = True, False, 0.0
        while not self._left:
            if look:
                began = monotonic()
                await self._patient_look()
                if self.ended:
                    return
                rested = monotonic() + (monotonic() - began) / _SHARE_OF_PROGRESS
                progressed = False
            message = await self._next(max(0.0, rested - monotonic()) if progressed else _LOOK_AGAIN)
            if message is None:
                look = True
                continue
            fresh = [event for event in message["events"] if event["seq"] > self.last]
            gap = bool(fresh) and fresh[0]["seq"] != self.last + 1
            # These are taken from the table, together with whether the project masks columns at this moment.
            gap = gap or any(event["type"] == LOCKS for event in fresh)
            progressed = progressed or bool(message["progressed"])
            look = gap or bool(message["changed"]) or (progressed and monotonic() >= rested)
            if fresh and not gap:
                self._append([_written(event) for event in fresh])
                self._tell()

    def _heard(self, text: str | None) -> None:
        if len(self._inbox) >= _INBOX:
            self._inbox.clear()
            text = None
        self._inbox.append(text)
        self._came.set()

    async def _next(self, patience: float) -> dict[str, Any] | None:
        """The next message; None when none came for so long, or when some may have been missed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while not self._inbox:
                    self._came.clear()
                    await self._came.wait()
        text = self._inbox.popleft() if self._inbox else None
        return json.loads(text) if text is not None else None

    async def _patient_look(self) -> None:
        while not self._left:
            try:
                await self._look()
            except Exception as error:
                if not is_outage(error):
                    raise
                log.warning("reader.waits", job=str(self.job_id), cause=type(error).__name__)
                await asyncio.sleep(_OUTAGE_PAUSE)
            else:
                return

    async def _look(self) -> None:
        """Reads the job and what is stored behind the window."""
        more = True
        while more:
            async with self.readers.database.transaction(self.organization_id) as session:
                # The state is read before the events: what a final job stored is then surely among them.
                masks = exists().where(Mask.project_id == Job.project_id)
                found = (
                    await session.execute(
                        select(Job.state, masks).where(
                            Job.id == self.job_id, Job.organization_id == self.organization_id
                        )
                    )
                ).first()
                state, self.masks = found or (None, True)
                content = await self.readers.look(session, self.organization_id, self.job_id)
                if not self.looked:
                    await self._begin(session)
                events = await read_events(session, self.organization_id, self.job_id, after=self.last)
            self._append([_written(event.as_dict()) for event in events])
            more = len(events) == PAGE
            if content is not None and (self.content is None or content.text != self.content.text):
                self.content, self.version = content, self.version + 1
            self.looked = True
            self.ended = not more and (state is None or JobState(state) in FINAL)
            self._tell()

    async def _begin(self, session: Session) -> None:
        """Lets the window begin near the end of what is stored; pages have the rest."""
        newest = await session.scalar(select(func.max(JobEvent.seq)).where(JobEvent.job_id == self.job_id))
        self.first = max(1, (newest or 0) - PAGE + 1)

    def _append(self, lines: list[Line]) -> None:
        if not lines:
            return
        if lines[0].seq != self.last + 1:  # only after a removed log: nothing is known of what is between
            self._window, self._size, self.first = [], 0, lines[0].seq
        self._slices.clear()
        self._window += lines
        self._size += sum(len(line.text) for line in lines)
        # Cut seldom: cutting moves all the rest.
        if len(self._window) > 2 * _WINDOW_LINES or self._size > 2 * _WINDOW_CHARS:
            keep = min(len(self._window), _WINDOW_LINES)
            kept = sum(len(line.text) for line in self._window[-keep:])
            while kept > _WINDOW_CHARS and keep > 1:
                kept -= len(self._window[-keep].text)
                keep -= 1
            self.first += len(self._window) - keep
            self._window, self._size = self._window[-keep:], kept

    def _tell(self) -> None:
        """Wakes every watcher."""
        self.news.set()
        self.news = asyncio.Event()


def _written(event: dict[str, Any]) -> Line:
    hidden = masked_data(event["type"], event["data"])
    masked = None if hidden is None else _json({**event, "data": hidden})
    return Line(event["seq"], event["type"], _json(event), masked)


def _json(event: dict[str, Any]) -> str:
    return json.dumps(event, default=str, separators=(",", ":"))
