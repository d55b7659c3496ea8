"""The stream of a job as it is written: numbered events, stored, then published. Readers are in readers.py."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from stillroom_core.database import Session
from stillroom_core.jobs.models import Job, JobEvent

PAGE = 500
# The event that quotes the statements of sessions that are not the job's.
LOCKS = "locks"


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

    def masked(self) -> "Event":
        """The same for whom columns are masked: without the statements of sessions that are not the job's own."""
        hidden = masked_data(self.type, self.data)
        return self if hidden is None else replace(self, data=hidden)


def masked_data(kind: str, data: dict[str, Any]) -> dict[str, Any] | None:
    """What an event holds for whom columns are masked; None where that is what all others see.

    Values stand in statements as they were written. The job's own sessions stay: they run what the job tells anyhow.
    """
    if kind != LOCKS:
        return None
    hidden = {
        side: [{**session, "query": None, "masked": True} for session in data.get(side) or []]
        for side in ("blockers", "blocked")
    }
    return {**data, **hidden}


def channel_of(job_id: UUID) -> str:
    """Where the events of a job are published."""
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
    await redis.publish(channel_of(job_id), json.dumps(message, default=str))


async def read_events(
    session: Session, organization_id: UUID, job_id: UUID, *, after: int, limit: int = PAGE
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
