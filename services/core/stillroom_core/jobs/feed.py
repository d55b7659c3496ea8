"""The live stream of a job: numbered events, stored, then published, then followed without a gap.

A follower subscribes first, replays what is stored after its last number, then follows what is published
and skips what it has. Whoever publishes has stored before. The two orders together leave no gap; and if a
published message is lost all the same (a broker restart), the next number or the next look at the table shows it.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from stillroom_core.database import Database, Session
from stillroom_core.jobs.lifecycle import FINAL, JobState
from stillroom_core.jobs.models import Job, JobEvent

_PAGE = 1000
# How long a silent stream waits before it looks at the table itself.
_LOOK_AGAIN = timedelta(seconds=3).total_seconds()
# A job of a thousand steps moves on a hundred times a second, and costs its follower milliseconds to read: so much of
# a follower's time at most goes into reading progress. A change of state is read at once.
_SHARE_OF_PROGRESS = 0.1


@dataclass(frozen=True)
class Event:
    """One line of the stream. `seq` starts at 1 and has no gaps."""

    seq: int
    at: datetime
    type: str
    data: dict[str, Any]

    def as_dict(self) -> dict[str, Any]:
        """The shape that clients get."""
        return {"seq": self.seq, "at": self.at.isoformat(), "type": self.type, "data": self.data}


@dataclass(frozen=True)
class Batch:
    """What a follower receives: new events, and whether the job's row changed or the stream ended."""

    events: list[dict[str, Any]]
    job_changed: bool = False
    ended: bool = False


def _channel(job_id: UUID) -> str:
    return f"job:{job_id}"


async def store(session: Session, organization_id: UUID, job_id: UUID, events: Sequence[Event]) -> None:
    """Inserts a batch in one statement; what is there already stays, because a lost answer makes writers repeat."""
    await session.execute(
        insert(JobEvent).on_conflict_do_nothing(),
        [
            {
                "organization_id": organization_id,
                "job_id": job_id,
                "seq": event.seq,
                "at": event.at,
                "type": event.type,
                "data": event.data,
            }
            for event in events
        ],
    )


async def publish(
    redis: "Redis", job_id: UUID, events: Sequence[Event] = (), *, changed: bool = False, progressed: bool = False
) -> None:
    """Tells followers about stored events, that the row of the job changed, or only that its steps moved on."""
    message = {"events": [event.as_dict() for event in events], "changed": changed, "progressed": progressed}
    await redis.publish(_channel(job_id), json.dumps(message, default=str))


async def read_events(
    session: Session, organization_id: UUID, job_id: UUID, *, after: int, limit: int = _PAGE
) -> list[Event]:
    """The stored events with a number above `after`, in order; none of a log that was removed."""
    rows = await session.execute(
        select(JobEvent.seq, JobEvent.at, JobEvent.type, JobEvent.data)
        .join(Job, Job.id == JobEvent.job_id)
        .where(JobEvent.job_id == job_id, JobEvent.organization_id == organization_id, JobEvent.seq > after)
        .where(Job.log_removed_at.is_(None))
        .order_by(JobEvent.seq)
        .limit(limit)
    )
    return [Event(*row) for row in rows]


async def follow(
    database: Database, redis: "Redis", organization_id: UUID, job_id: UUID, *, after: int = 0
) -> AsyncIterator[Batch]:
    """Every event after `after`, once and in order, until the job has ended and all was given.

    Holds no database session between looks.
    """
    pubsub = redis.pubsub(ignore_subscribe_messages=True)
    try:
        await _next(pubsub, job_id, _LOOK_AGAIN)  # the broker's word that it listens, before the table is read
        last = after
        look, progressed, rested = True, False, 0.0
        while True:
            if look:
                began = monotonic()
                async for batch in _stored(database, organization_id, job_id, last):
                    last = batch.events[-1]["seq"] if batch.events else last
                    yield batch
                    if batch.ended:
                        return
                # What the follower made of it counts too: it reads the job before it asks for more.
                rested = monotonic() + (monotonic() - began) / _SHARE_OF_PROGRESS
                progressed = False
            message = await _next(pubsub, job_id, max(0.0, rested - monotonic()) if progressed else _LOOK_AGAIN)
            if message is None:
                look = True
                continue
            fresh = [event for event in message["events"] if event["seq"] > last]
            gap = bool(fresh) and fresh[0]["seq"] != last + 1
            progressed = progressed or bool(message["progressed"])
            look = gap or bool(message["changed"]) or (progressed and monotonic() >= rested)
            if fresh and not gap:
                last = fresh[-1]["seq"]
                yield Batch(fresh)
    finally:
        await pubsub.aclose()  # type: ignore[no-untyped-call]


async def _stored(database: Database, organization_id: UUID, job_id: UUID, last: int) -> AsyncIterator[Batch]:
    while True:
        async with database.transaction(organization_id) as session:
            # The state is read before the events: what a final job stored is then surely in the page.
            state = await session.scalar(
                select(Job.state).where(Job.id == job_id, Job.organization_id == organization_id)
            )
            events = await read_events(session, organization_id, job_id, after=last)
        if len(events) == _PAGE:
            last = events[-1].seq
            yield Batch([event.as_dict() for event in events])
            continue
        ended = state is None or JobState(state) in FINAL
        yield Batch([event.as_dict() for event in events], job_changed=True, ended=ended)
        return


async def _next(pubsub: Any, job_id: UUID, patience: float) -> dict[str, Any] | None:
    """The next message; None after so many seconds, when the subscription began, or when the broker is away."""
    try:
        if not pubsub.subscribed:
            await pubsub.subscribe(_channel(job_id))
        message = await pubsub.get_message(timeout=patience)
    except RedisError:
        await asyncio.sleep(1)  # the broker is away: the table alone feeds the stream until it is back
        return None
    if message is None:
        return None
    content: dict[str, Any] = json.loads(message["data"])
    return content
