"""A job's own record while it runs: its heartbeat, numbered events, steps, and the columns of its row.

The heart beats by itself, whatever the job waits for. While our own PostgreSQL is away, what was to be written is
kept and tried again; when the claim could not be renewed for most of its lease, the job must end before somebody
else may begin. Every write carries the attempt token of the claim: a worker that lost it (it was thought dead, and the
job declared lost) can write nothing any more, and learns it by Superseded.
"""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from stillroom_core.database import Session, is_outage
from stillroom_core.happenings.telling import emit_job_end
from stillroom_core.jobs import feed
from stillroom_core.jobs.feed import Event
from stillroom_core.jobs.lifecycle import JobState, StepState
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.jobs.queue import RUN_JOB, Ring, ring_after_commit
from stillroom_core.live.notices import About, Notice, send_notices
from stillroom_core.masking import masked
from stillroom_core.tables import now
from stillroom_core.telemetry import metrics
from stillroom_worker.claims import still_held
from stillroom_worker.excerpt import Bounds, Excerpt
from stillroom_worker.room import Room
from stillroom_worker.tracing import Trace

T = TypeVar("T")

_BATCH = 500
# Between two writes. The job's statements pass through the same process, and every write makes the api read
# too: without a pause a thousand small revisions took four times as long as by hand.
_PAUSE, _LONGEST_PAUSE = 0.02, 0.2
# A gigabyte that a migration prints must neither fill our memory nor our tables: the beginning is shown as it comes,
# the end when the run has ended, and the middle is counted. Statements have bounds of their own, so that printing
# hides none of them.
_OUTPUT = Bounds(head_items=100_000, head_bytes=16 * 1024 * 1024, tail_items=10_000, tail_bytes=2 * 1024 * 1024)
_STATEMENTS = Bounds(head_items=150_000, head_bytes=64 * 1024 * 1024, tail_items=5_000, tail_bytes=4 * 1024 * 1024)
_BOUNDED = frozenset({"statement_started", "statement_finished", "statement_failed", "transaction"})
# Above the bounds together: what is left is for steps and notes.
MAX_EVENTS = 400_000
# How a job ended is told whatever was printed before.
_ALWAYS = frozenset({"state", "error"})
# So many lines wait in memory at most while our own PostgreSQL is slower than a tenant's output.
_MOST_WAITING = 10_000
# Lists and columns move on this often while steps go by; a change of state is told at once.
_NOTICE_PROGRESS = 1.0
BEAT = timedelta(seconds=1)
_TRY_AGAIN = timedelta(seconds=0.5)
# Of the lease. The rest is for ending the processes of a job whose claim cannot be renewed.
_GIVE_UP_AFTER = 0.6
_PROGRESS = frozenset({"steps_done", "steps_total"})


def _clock() -> float:
    """Seconds that also count while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else monotonic()


def _size(statement: tuple[str, dict[str, Any]]) -> int:
    return len(statement[1].get("sql") or "")


class Superseded(Exception):
    """Another claim or the sweeper owns the job now."""


class OutOfTouch(Exception):
    """Our own PostgreSQL was away for so long that the job may be declared lost at any moment."""


@dataclass
class _Writing:
    """What one transaction writes; kept until it is known to be committed."""

    events: list[Event]
    columns: dict[str, Any]
    steps: list[dict[str, Any]]
    changed: bool
    progressed: bool


class Journal:
    """Writes events in order: stored first, then published, in batches as large as the moment makes them."""

    def __init__(self, room: Room, job: Job, attempt: UUID) -> None:
        self._room = room
        self._organization_id = job.organization_id
        self._job_id = job.id
        self._notice = Notice(job.organization_id, job.project_id, About.JOBS)
        self._noticed = 0.0
        self._attempt = attempt
        self._seq = job.last_seq  # of a job that was handed back, what the other worker told stays
        self._trace = Trace.begun()
        self._waiting: deque[Event] = deque()
        self._columns: dict[str, Any] = {}
        self._steps: dict[int, dict[str, Any]] = {}
        self._dirty: set[int] = set()
        self._changed = self._progressed = False
        self._wake = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._writing: _Writing | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._renewed = _clock()
        self._patience = room.settings.lease.total_seconds() * _GIVE_UP_AFTER
        self._cancel_asked = False
        self.failure: BaseException | None = None
        self._output: Excerpt[tuple[datetime, str], bytes] = Excerpt(_OUTPUT, len)
        self._statements: Excerpt[datetime, tuple[str, dict[str, Any]]] = Excerpt(_STATEMENTS, _size)
        self._full = False
        self._room_again = asyncio.Event()
        self._ending = asyncio.Event()

    def start(self) -> None:
        """Begins to beat and to write in the background."""
        self._tasks = [asyncio.create_task(self._beat()), asyncio.create_task(self._write())]

    async def close(self) -> None:
        """Writes what is left; raises what the background met. The heart goes on until `stop`."""
        self.tell_end()
        if self._tasks:
            # Not cancelled: a batch in flight has left the queue already and must reach the table.
            self._ending.set()
            self._wake.set()
            await self._tasks[1]
        if self.failure is not None:
            raise self.failure
        await self.flush()

    async def stop(self) -> None:
        """Ends the background, whatever it does; what was not written is lost with the claim."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._trace is not None:
            self._trace.end()

    def cancel_asked(self) -> bool:
        """Whether somebody asked for a cancel. Raises Superseded or OutOfTouch where the job is not ours any more."""
        if self.failure is not None:
            raise self.failure
        if not self.in_touch():  # a network that swallows everything raises nothing for a minute
            raise OutOfTouch
        return self._cancel_asked

    def in_touch(self) -> bool:
        """Whether the claim was renewed recently enough that nobody can have given this job up."""
        return _clock() - self._renewed <= self._patience

    async def patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does a piece of work on our own PostgreSQL, again while that is away and the claim still holds."""
        while True:
            try:
                return await work()
            except Exception as error:
                if not is_outage(error):
                    raise
                if not self.in_touch():
                    raise OutOfTouch from error
            await asyncio.sleep(_TRY_AGAIN.total_seconds())

    def event(self, type_: str, /, **data: Any) -> None:
        """Appends one line to the stream; of the statements of a run without end, the beginning."""
        at = now()
        if type_ not in _BOUNDED:
            self._append(at, type_, data)
            return
        began = self._statements.full
        for _ in self._statements.take(at, [(type_, data)]):
            self._append(at, type_, data)
        self._tell_middle(began, self._statements.full, "lines about statements")

    def output(self, stream: str, lines: list[bytes]) -> None:
        """Appends lines that a run printed; of a run that prints without end, the beginning."""
        at, began = now(), self._output.full
        for line in self._output.take((at, stream), lines):
            self._append(at, "output", {"stream": stream, "text": line.decode(errors="replace")})
        self._tell_middle(began, self._output.full, "lines of output")

    def tell_end(self) -> None:
        """Appends how many lines were left out in the middle, and the last ones; called when a run has ended."""
        lines, size, output = self._output.take_tail()
        self._tell_left_out(lines, size, "lines of output")
        for (at, stream), texts in output:
            for text in texts:
                self._append(at, "output", {"stream": stream, "text": text.decode(errors="replace")})
        lines, size, statements = self._statements.take_tail()
        self._tell_left_out(lines, size, "lines about statements")
        for at, events in statements:
            for type_, data in events:
                self._append(at, type_, data)

    def _tell_middle(self, before: bool, after: bool, what: str) -> None:
        if after and not before:
            self.note("middle_begins", f"Too many {what} to show: the last ones follow when the run has ended.")

    def _tell_left_out(self, lines: int, size: int, what: str) -> None:
        if lines:
            words = f"{lines:,} {what} ({size / 1e6:,.1f} MB) are left out here."
            self.note("middle_left_out", words, lines=lines, bytes=size)

    async def room(self) -> None:
        """Waits while more lines wait to be written than memory should hold; whoever prints waits too."""
        while len(self._waiting) >= _MOST_WAITING and self.failure is None and self._tasks:
            self._room_again.clear()
            await self._room_again.wait()

    def _append(self, at: datetime, type_: str, data: dict[str, Any]) -> None:
        if self._full and type_ not in _ALWAYS:
            return
        if self._seq >= MAX_EVENTS and not self._full:
            self._full = True
            self._append_line(now(), "note", {"code": "stream_full", "text": f"Only {MAX_EVENTS:,} lines are kept."})
            if type_ not in _ALWAYS:
                return
        self._append_line(at, type_, data)

    def _append_line(self, at: datetime, type_: str, data: dict[str, Any]) -> None:
        self._seq += 1
        self._waiting.append(Event(self._seq, at, type_, _fit(data)))
        self._wake.set()

    def note(self, code: str, text: str, **data: Any) -> None:
        """Appends a fact that the worker itself found."""
        self.event("note", code=code, text=text, **data)

    def set(self, **columns: Any) -> None:
        """Changes columns of the job's row with the next write."""
        self._columns.update(_fit(columns))
        if columns.keys() <= _PROGRESS:
            self._progressed = True
        else:
            self._changed = True
        self._wake.set()

    def step(self, position: int, **fields: Any) -> None:
        """Adds or changes a step, and tells it in the stream."""
        known = self._steps.setdefault(position, {"position": position, "state": StepState.PENDING})
        known.update(_fit(fields))
        if self._trace is not None:
            self._trace.step(position, known)
        self._dirty.add(position)
        told = {name: known.get(name) for name in ("position", "kind", "revision", "title", "duration_ms", "detail")}
        self.event("step", state=str(known["state"]), statements=known.get("statements", 0), **told)
        self._progressed = True

    def trace_statement(self, kind: str, content: dict[str, Any]) -> None:
        """Shows in the trace that a statement began, came back or failed."""
        if self._trace is not None:
            self._trace.statement(kind, content)

    def count_statement(self, position: int) -> None:
        """Counts one more statement of a step without telling it at once."""
        known = self._steps.get(position)
        if known is not None:
            known["statements"] = known.get("statements", 0) + 1
            self._dirty.add(position)

    def step_fields(self, position: int) -> dict[str, Any]:
        """What is known of a step."""
        return dict(self._steps.get(position, {}))

    def open_steps(self) -> list[int]:
        """Positions of the steps that have not ended."""
        return [
            position
            for position, step in self._steps.items()
            if step["state"] in (StepState.PENDING, StepState.RUNNING)
        ]

    async def flush(self) -> None:
        """Writes everything that waits."""
        async with self._flushing:
            while self._has_news():
                await self._flush_once()

    async def finish(self, state: JobState, **columns: Any) -> None:
        """Moves the job to its end, and tells followers that the row has reached it."""
        values = {**_fit(columns), "state": state.value, "finished_at": now()}
        await self.patiently(lambda: self._end(values))
        await self._publish((), changed=True)

    async def hand_back(self) -> None:
        """Puts a job into the queue again whose code has not begun; raises Superseded where it is not ours any more."""
        nobody = dict.fromkeys(("attempt", "started_at", "heartbeat_at", "isolation", "waits_for", "rung_at"))
        await self.patiently(lambda: self._put_back({**nobody, "state": JobState.QUEUED.value}))
        await self._publish((), changed=True)

    async def _put_back(self, values: dict[str, Any]) -> None:
        async with self._room.database.transaction(self._organization_id) as session:
            await self._update(session, values)
            ring_after_commit(session, Ring(RUN_JOB, self._job_id))

    async def _end(self, values: dict[str, Any]) -> None:
        async with self._room.database.transaction(self._organization_id) as session:
            if not await self._ended_by_us(session, values["state"]):
                await self._update(session, values)
                await emit_job_end(session, self._job_id)

    async def _ended_by_us(self, session: Session, state: str) -> bool:
        """Whether an earlier try reached the table although its answer was lost."""
        present = await session.execute(select(Job.attempt, Job.state).where(Job.id == self._job_id))
        return tuple(present.one()) == (self._attempt, state)

    async def _beat(self) -> None:
        """Renews the claim at every beat, and learns whether a cancel was asked for."""
        try:
            while True:
                began = _clock()
                asked = await self.patiently(self._renew)
                self._renewed = began
                self._cancel_asked = self._cancel_asked or asked is not None
                await asyncio.sleep(BEAT.total_seconds())
        except Exception as failure:  # noqa: BLE001 - kept for the job's own loop, which sees it at its next look
            self._fail(failure)

    async def _renew(self) -> datetime | None:
        async with self._room.database.transaction(self._organization_id) as session:
            row = (
                await session.execute(
                    update(Job)
                    .where(still_held(self._job_id, self._attempt))
                    # The server's clock: ours may jump, and another process judges by it.
                    .values(heartbeat_at=func.clock_timestamp())
                    .returning(Job.cancel_requested_at)
                )
            ).one_or_none()
        if row is None:
            raise Superseded
        asked: datetime | None = row[0]
        return asked

    def _fail(self, failure: BaseException) -> None:
        if self.failure is None:
            self.failure = failure
        self._room_again.set()

    async def _write(self) -> None:
        while not self._ending.is_set():
            await self._wake.wait()
            self._wake.clear()
            began = monotonic()
            try:
                async with self._flushing:
                    await self._flush_once()
            except Exception as failure:  # noqa: BLE001 - kept for the job's own loop, which sees it at its next look
                self._fail(failure)
                return
            if len(self._waiting) < _BATCH:
                await self._pause(monotonic() - began)
            if self._has_news():
                self._wake.set()

    def _has_news(self) -> bool:
        return bool(self._writing or self._waiting or self._columns or self._dirty or self._changed)

    async def _pause(self, took: float) -> None:
        """Lets events gather: longer where writing is slow, and not at all once the journal closes."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), min(_LONGEST_PAUSE, max(_PAUSE, 2 * took)))

    async def _flush_once(self) -> None:
        if self._writing is None:
            self._writing = self._collect()
        writing = self._writing
        with metrics.BATCH_SECONDS.time():
            await self.patiently(lambda: self._store(writing))
        if writing.events:
            metrics.EVENTS.inc(len(writing.events))
            metrics.BATCH_EVENTS.observe(len(writing.events))
        self._writing = None
        await self._publish(writing.events, changed=writing.changed, progressed=writing.progressed)

    def _collect(self) -> _Writing:
        """Takes what waits. Steps are copied: what changes while they are written belongs to the next writing."""
        events = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        self._room_again.set()
        columns, self._columns = self._columns, {}
        dirty, self._dirty = self._dirty, set()
        changed, self._changed = self._changed, False
        progressed, self._progressed = self._progressed, False
        if events:
            columns["last_seq"] = events[-1].seq
        steps = [dict(self._steps[position]) for position in sorted(dirty)]
        return _Writing(events, columns, steps, changed, progressed)

    async def _store(self, writing: _Writing) -> None:
        """May be repeated: where the answer to a commit was lost, everything is there already and stays."""
        async with self._room.database.transaction(self._organization_id) as session:
            if writing.columns:
                await self._update(session, writing.columns)
            if writing.steps:
                await self._store_steps(session, writing.steps)
            if writing.events:
                await feed.store(session, self._organization_id, self._job_id, writing.events)

    async def _update(self, session: Session, columns: dict[str, Any]) -> None:
        touched = await session.execute(
            update(Job).where(still_held(self._job_id, self._attempt)).values(**columns).returning(Job.id)
        )
        if touched.scalar_one_or_none() is None:
            raise Superseded

    async def _store_steps(self, session: Session, steps: list[dict[str, Any]]) -> None:
        names = (
            "position",
            "kind",
            "revision",
            "title",
            "state",
            "started_at",
            "duration_ms",
            "statements",
            "detail",
        )
        rows = [
            {
                "organization_id": self._organization_id,
                "job_id": self._job_id,
                **{name: step.get(name) for name in names},
                "state": str(step["state"]),
                "statements": step.get("statements", 0),
                "title": str(step.get("title", ""))[:500],
                "revision": step["revision"][:100] if step.get("revision") else None,
            }
            for step in steps
        ]
        for start in range(0, len(rows), 1000):
            statement = insert(JobStep).values(rows[start : start + 1000])
            changeable = {name: statement.excluded[name] for name in names if name != "position"}
            await session.execute(
                statement.on_conflict_do_update(index_elements=["job_id", "position"], set_=changeable)
            )

    async def _publish(self, events: "tuple[()] | list[Event]", *, changed: bool, progressed: bool = False) -> None:
        try:
            await feed.publish(self._room.redis, self._job_id, events, changed=changed, progressed=progressed)
        except (RedisError, OSError):
            return  # stored is enough: followers look at the table when the channel is silent
        if changed or (progressed and monotonic() - self._noticed > _NOTICE_PROGRESS):
            self._noticed = monotonic()
            await send_notices(self._room.redis, [self._notice])


def _fit(value: Any) -> Any:
    """Fit to be stored: without secrets, and without NUL, which PostgreSQL cannot store."""
    return _without_nul(masked(value))


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd") if "\x00" in value else value
    if isinstance(value, dict):
        return {key: _without_nul(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    return value
