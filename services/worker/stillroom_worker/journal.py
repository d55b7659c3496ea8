"""A job's own record while it runs: its lines, its steps and the columns of its row, written while its heart beats.

While our own PostgreSQL is away, what was to be written is kept and tried again. Every write carries the attempt token
of the claim: a worker that lost it (it was thought dead, and the job declared lost) can write nothing any more, and
learns it by Superseded.
"""

import asyncio
import contextlib
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from stillroom_core.database import Session
from stillroom_core.happenings.telling import emit_job_end
from stillroom_core.jobs import feed
from stillroom_core.jobs.feed import Event
from stillroom_core.jobs.lifecycle import JobState, StepState
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.jobs.queue import RUN_JOB, Ring, ring_after_commit
from stillroom_core.live.notices import About, Notice, send_notices
from stillroom_core.tables import now
from stillroom_core.telemetry import metrics
from stillroom_worker.claims import still_held
from stillroom_worker.heart import Heart, OutOfTouch, Superseded
from stillroom_worker.job_lines import JobLines, fit
from stillroom_worker.room import Room
from stillroom_worker.tracing import Trace

_BATCH = 500
# Between two writes. The job's statements pass through the same process, and every write makes the api read
# too: without a pause a thousand small revisions took four times as long as by hand.
_PAUSE, _LONGEST_PAUSE = 0.02, 0.2
# So many lines wait in memory at most while our own PostgreSQL is slower than a tenant's output.
_MOST_WAITING = 10_000
# Lists and columns move on this often while steps go by; a change of state is told at once.
_NOTICE_PROGRESS = 1.0
_PROGRESS = frozenset({"steps_done", "steps_total"})
_STEP_COLUMNS = ("kind", "revision", "title", "state", "started_at", "duration_ms", "statements", "detail")
_NEW_STEP = insert(JobStep)
# Row by row in one round trip: its text is compiled once, whatever the number of rows.
_STORE_STEP = _NEW_STEP.on_conflict_do_update(
    index_elements=["job_id", "position"], set_={name: _NEW_STEP.excluded[name] for name in _STEP_COLUMNS}
)


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
        self._trace = Trace.begun()
        self._columns: dict[str, Any] = {}
        self._steps: dict[int, dict[str, Any]] = {}
        self._dirty: set[int] = set()
        self._changed = self._progressed = False
        self._wake = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._writing: _Writing | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self.failure: BaseException | None = None
        self._room_again = asyncio.Event()
        self._ending = asyncio.Event()
        self._heart = Heart(room, job.organization_id, job.id, attempt, self._fail)
        self.in_touch, self.patiently = self._heart.in_touch, self._heart.patiently
        # Of a job that was handed back, what the other worker told stays.
        self._lines = JobLines(job.last_seq, self._wake.set)
        self.event, self.note = self._lines.event, self._lines.note
        self.output, self.tell_end = self._lines.output, self._lines.tell_end

    def start(self) -> None:
        """Begins to beat and to write in the background."""
        self._tasks = [asyncio.create_task(self._heart.beat()), asyncio.create_task(self._write())]

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
        return self._heart.cancel_asked

    async def room(self) -> None:
        """Waits while more lines wait to be written than memory should hold; whoever prints waits too."""
        while len(self._lines.waiting) >= _MOST_WAITING and self.failure is None and self._tasks:
            self._room_again.clear()
            await self._room_again.wait()

    def set(self, **columns: Any) -> None:
        """Changes columns of the job's row with the next write."""
        self._columns.update(fit(columns))
        if columns.keys() <= _PROGRESS:
            self._progressed = True
        else:
            self._changed = True
        self._wake.set()

    def step(self, position: int, **fields: Any) -> None:
        """Adds or changes a step, and tells it in the stream."""
        known = self._steps.setdefault(position, {"position": position, "state": StepState.PENDING})
        known.update(fit(fields))
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
        values = {**fit(columns), "state": state.value, "finished_at": now()}
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
            if len(self._lines.waiting) < _BATCH:
                await self._pause(monotonic() - began)
            if self._has_news():
                self._wake.set()

    def _has_news(self) -> bool:
        return bool(self._writing or self._lines.waiting or self._columns or self._dirty or self._changed)

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
        events = [self._lines.waiting.popleft() for _ in range(min(_BATCH, len(self._lines.waiting)))]
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
        rows = [
            {
                "organization_id": self._organization_id,
                "job_id": self._job_id,
                "position": step["position"],
                **{name: step.get(name) for name in _STEP_COLUMNS},
                "state": str(step["state"]),
                "statements": step.get("statements", 0),
                "title": str(step.get("title", ""))[:500],
                "revision": step["revision"][:100] if step.get("revision") else None,
            }
            for step in steps
        ]
        await session.execute(_STORE_STEP, rows)

    async def _publish(self, events: "tuple[()] | list[Event]", *, changed: bool, progressed: bool = False) -> None:
        try:
            await feed.publish(self._room.redis, self._job_id, events, changed=changed, progressed=progressed)
        except (RedisError, OSError):
            return  # stored is enough: followers look at the table when the channel is silent
        if changed or (progressed and monotonic() - self._noticed > _NOTICE_PROGRESS):
            self._noticed = monotonic()
            await send_notices(self._room.redis, [self._notice])
