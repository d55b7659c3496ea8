"""A job's own record while it runs: numbered events, steps, and the columns of its row.

Every write carries the attempt token of the claim. A worker that lost its claim (it was thought dead and
the job declared lost) can write nothing any more, and learns it by Superseded.
"""

import asyncio
import contextlib
from collections import deque
from datetime import datetime
from time import monotonic
from typing import Any
from uuid import UUID

from redis.exceptions import RedisError
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from stillroom_core.database import Session
from stillroom_core.jobs import feed
from stillroom_core.jobs.feed import Event
from stillroom_core.jobs.lifecycle import JobState, StepState
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.tables import now
from stillroom_worker.claims import still_held
from stillroom_worker.redact import Redactor
from stillroom_worker.room import Room

_BATCH = 500
# Between two writes. The job's statements pass through the same process, and every write makes the api read
# too: without a pause a thousand small revisions took four times as long as by hand.
_PAUSE, _LONGEST_PAUSE = 0.02, 0.2
# 100,000 lines are readable; a job that prints more is told so once.
MAX_OUTPUT_BYTES = 20 * 1024 * 1024
MAX_EVENTS = 300_000
_PROGRESS = frozenset({"steps_done", "steps_total"})


class Superseded(Exception):
    """Another claim or the sweeper owns the job now."""


class Journal:
    """Writes events in order: stored first, then published, in batches as large as the moment makes them."""

    def __init__(self, room: Room, organization_id: UUID, job_id: UUID, attempt: UUID) -> None:
        self._room = room
        self._organization_id = organization_id
        self._job_id = job_id
        self._attempt = attempt
        self._redact = Redactor(())
        self._seq = 0
        self._waiting: deque[Event] = deque()
        self._columns: dict[str, Any] = {}
        self._steps: dict[int, dict[str, Any]] = {}
        self._dirty: set[int] = set()
        self._changed = self._progressed = False
        self._wake = asyncio.Event()
        self._flushing = asyncio.Lock()
        self._writer: asyncio.Task[None] | None = None
        self.failure: BaseException | None = None
        self._full = False
        self._ending = asyncio.Event()

    def hide(self, redactor: Redactor) -> None:
        """From now on these secrets are masked in everything written."""
        self._redact = redactor

    def start(self) -> None:
        """Begins to write in the background."""
        self._writer = asyncio.create_task(self._write())

    async def close(self) -> None:
        """Writes what is left and stops; raises what the background met."""
        if self._writer is not None:
            # Not cancelled: a batch in flight has left the queue already and must reach the table.
            self._ending.set()
            self._wake.set()
            await self._writer
        if self.failure is not None:
            raise self.failure
        await self.flush()

    def event(self, type_: str, /, **data: Any) -> None:
        """Appends one line to the stream."""
        if self._full:
            return
        if self._seq >= MAX_EVENTS:
            self._full = True
            type_, data = (
                "note",
                {"code": "stream_full", "text": f"Only the first {MAX_EVENTS} lines are kept."},
            )
        self._seq += 1
        self._waiting.append(Event(self._seq, now(), type_, self._masked(data)))
        self._wake.set()

    def note(self, code: str, text: str, **data: Any) -> None:
        """Appends a fact that the worker itself found."""
        self.event("note", code=code, text=text, **data)

    def set(self, **columns: Any) -> None:
        """Changes columns of the job's row with the next write."""
        self._columns.update(self._masked(columns))
        if columns.keys() <= _PROGRESS:
            self._progressed = True
        else:
            self._changed = True
        self._wake.set()

    def step(self, position: int, **fields: Any) -> None:
        """Adds or changes a step, and tells it in the stream."""
        known = self._steps.setdefault(position, {"position": position, "state": StepState.PENDING})
        known.update(self._masked(fields))
        self._dirty.add(position)
        told = {name: known.get(name) for name in ("position", "kind", "revision", "title", "duration_ms", "detail")}
        self.event("step", state=str(known["state"]), statements=known.get("statements", 0), **told)
        self._progressed = True

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

    async def finish(self, session: Session, state: JobState, **columns: Any) -> None:
        """Moves the job to its end inside the caller's transaction."""
        await self._update(session, {**self._masked(columns), "state": state.value, "finished_at": now()})

    async def published_end(self) -> None:
        """Tells followers that the row has reached its end."""
        await self._publish((), changed=True)

    async def beat(self) -> datetime | None:
        """Renews the claim; returns when a cancel was asked for, if it was. Raises Superseded."""
        async with self._room.database.transaction() as session:
            row = (
                await session.execute(
                    update(Job)
                    .where(still_held(self._job_id, self._attempt))
                    .values(heartbeat_at=now())
                    .returning(Job.cancel_requested_at)
                )
            ).one_or_none()
        if row is None:
            raise Superseded
        asked: datetime | None = row[0]
        return asked

    async def _write(self) -> None:
        while not self._ending.is_set():
            await self._wake.wait()
            self._wake.clear()
            began = monotonic()
            try:
                async with self._flushing:
                    await self._flush_once()
            except Exception as failure:  # noqa: BLE001 - kept for the job's own loop, which sees it at once
                self.failure = failure
                return
            if len(self._waiting) < _BATCH:
                await self._pause(monotonic() - began)
            if self._has_news():
                self._wake.set()

    def _has_news(self) -> bool:
        return bool(self._waiting or self._columns or self._dirty or self._changed)

    async def _pause(self, took: float) -> None:
        """Lets events gather: longer where writing is slow, and not at all once the journal closes."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ending.wait(), min(_LONGEST_PAUSE, max(_PAUSE, 2 * took)))

    async def _flush_once(self) -> None:
        events = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        columns, self._columns = self._columns, {}
        dirty, self._dirty = self._dirty, set()
        steps = [self._steps[position] for position in sorted(dirty)]
        changed, self._changed = self._changed, False
        progressed, self._progressed = self._progressed, False
        async with self._room.database.transaction() as session:
            if events:
                columns["last_seq"] = events[-1].seq
            if columns:
                await self._update(session, columns)
            if steps:
                await self._store_steps(session, steps)
            if events:
                await feed.store(session, self._organization_id, self._job_id, events)
        await self._publish(events, changed=changed, progressed=progressed)

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

    def _masked(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._redact(value.replace("\x00", "\ufffd"))
        if isinstance(value, dict):
            return {key: self._masked(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._masked(item) for item in value]
        return value
