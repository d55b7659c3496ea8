"""How the installation stands: what waits, what runs, what is in doubt, which letters were not taken.

Read over all organizations, and therefore only counts, times and ids leave this module.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.drafts.models import Draft
from stillroom_core.jobs.lifecycle import JobState
from stillroom_core.jobs.models import Job
from stillroom_core.mail.models import Mail
from stillroom_core.projects.models import Project
from stillroom_core.webhooks.models import Webhook, WebhookDelivery

AGES: dict[str, timedelta | None] = {
    "10s": timedelta(seconds=10),
    "1m": timedelta(minutes=1),
    "10m": timedelta(minutes=10),
    "more": None,
}
_MOST_ORGANIZATIONS = 20
_MOST = 50
_LATELY = timedelta(days=7)


@dataclass(frozen=True)
class Lease:
    """A job that runs, and when its worker last showed life."""

    job_id: UUID
    organization_id: UUID
    kind: str
    level: str | None
    started_at: datetime | None
    silent_s: float
    cancelling: bool


@dataclass(frozen=True)
class Doubt:
    """A database on which nothing starts before it was read again."""

    database_id: UUID
    organization_id: UUID
    read_state: str
    since: datetime | None
    error_code: str | None


@dataclass(frozen=True)
class FailedLetter:
    """A letter that was not taken: tried again, or given up. Without its words and whom it is to."""

    mail_id: UUID
    tries: int
    error: str
    created_at: datetime
    next_try_at: datetime | None


@dataclass(frozen=True)
class Waiting:
    """The queue."""

    by_age: dict[str, int]
    by_organization: list[tuple[UUID, int]]  # those with most, the most first
    total: int
    oldest_s: float


async def waiting_jobs(session: Session) -> Waiting:
    """The queued jobs; ages are by the server's clock."""
    age = func.extract("epoch", func.clock_timestamp() - Job.created_at)
    queued = Job.state == JobState.QUEUED.value
    bounds = [bound.total_seconds() for bound in AGES.values() if bound is not None]
    row = (
        await session.execute(
            select(func.count(), func.max(age), *(func.count().filter(age <= bound) for bound in bounds)).where(queued)
        )
    ).one()
    total, oldest, *below = row
    counts = [*below, total]
    by_age = {
        name: count - (counts[place - 1] if place else 0)
        for place, (name, count) in enumerate(zip(AGES, counts, strict=True))
    }
    number = func.count().label("number")
    most = await session.execute(
        select(Job.organization_id, number)
        .where(queued)
        .group_by(Job.organization_id)
        .order_by(number.desc(), Job.organization_id)
        .limit(_MOST_ORGANIZATIONS)
    )
    return Waiting(by_age, [(row[0], row[1]) for row in most], total, max(0.0, float(oldest or 0)))


async def running_jobs(session: Session) -> int:
    """How many jobs run."""
    return await session.scalar(select(func.count()).where(Job.state == JobState.RUNNING.value)) or 0


async def leases(session: Session) -> list[Lease]:
    """The running jobs whose workers were silent longest first; at most 50."""
    silent = func.extract("epoch", func.clock_timestamp() - Job.heartbeat_at)
    rows = await session.execute(
        select(
            Job.id,
            Job.organization_id,
            Job.kind,
            Job.isolation,
            Job.started_at,
            silent,
            Job.cancel_requested_at.is_not(None),
        )
        .where(Job.state == JobState.RUNNING.value)
        .order_by(Job.heartbeat_at)
        .limit(_MOST)
    )
    return [Lease(*row[:5], silent_s=max(0.0, float(row[5] or 0)), cancelling=row[6]) for row in rows]


async def untrusted_databases(session: Session) -> int:
    """On how many databases nothing starts before they were read again."""
    return await session.scalar(select(func.count()).where(~Database.trusted)) or 0


async def doubts(session: Session) -> list[Doubt]:
    """Those databases; at most 50."""
    rows = await session.execute(
        select(
            Database.id,
            Database.organization_id,
            Database.read_state,
            Database.read_requested_at,
            Database.read_error["code"].astext,
        )
        .where(~Database.trusted)
        .order_by(Database.id)
        .limit(_MOST)
    )
    return [Doubt(*row) for row in rows]


@dataclass(frozen=True)
class Letters:
    """What is to be handed over, and what was not taken."""

    waiting: int
    given_up: int
    failed: list[FailedLetter]


async def letters(session: Session) -> Letters:
    """Letters that wait, and the newest of those that were not taken; at most 50."""
    failed = Mail.error.is_not(None)
    rows = await session.execute(
        select(Mail.id, Mail.tries, Mail.error, Mail.created_at, Mail.next_try_at, Mail.sent_at)
        .where(failed)
        .order_by(Mail.id.desc())
        .limit(_MOST)
    )
    return Letters(
        waiting=await session.scalar(select(func.count()).where(Mail.sent_at.is_(None))) or 0,
        given_up=await session.scalar(select(func.count()).where(failed, Mail.sent_at.is_not(None))) or 0,
        failed=[
            FailedLetter(row[0], row[1], row[2] or "", row[3], next_try_at=None if row[5] else row[4]) for row in rows
        ],
    )


@dataclass(frozen=True)
class FailedDelivery:
    """A message that a webhook did not take: tried again, or given up. Without where it goes and what it says."""

    delivery_id: UUID
    organization_id: UUID
    event: str
    tries: int
    status: int | None
    error: str | None
    created_at: datetime
    next_try_at: datetime | None


@dataclass(frozen=True)
class Deliveries:
    """What is to be sent to webhooks, and what was not taken."""

    waiting: int
    switched_off: int  # webhooks that were switched off because nothing got through
    failed: list[FailedDelivery]


async def deliveries_waiting(session: Session) -> int:
    """How many messages to webhooks wait to be sent, or to be tried again."""
    return await session.scalar(select(func.count()).where(WebhookDelivery.state == "waiting")) or 0


async def deliveries(session: Session) -> Deliveries:
    """Messages that wait, and the newest of a week that were tried and not taken; at most 50."""
    off = Webhook.disabled_because.in_(["failing", "gone"])
    rows = await session.execute(
        select(WebhookDelivery)
        .where(
            WebhookDelivery.created_at > func.now() - _LATELY,
            WebhookDelivery.state.in_(["waiting", "failed"]),
            WebhookDelivery.tries > 0,
        )
        .order_by(WebhookDelivery.created_at.desc())
        .limit(_MOST)
    )
    return Deliveries(
        waiting=await deliveries_waiting(session),
        switched_off=await session.scalar(select(func.count()).where(off)) or 0,
        failed=[
            FailedDelivery(
                delivery_id=row.id,
                organization_id=row.organization_id,
                event=row.event,
                tries=row.tries,
                status=row.status,
                error=row.error,
                created_at=row.created_at,
                next_try_at=row.next_try_at if row.state == "waiting" else None,
            )
            for row in rows.scalars()
        ],
    )


async def failed_work(session: Session) -> dict[str, int]:
    """How much of the work beside jobs has failed and waits for somebody: fetches, readings, pushes of drafts."""
    return {
        "fetches": await session.scalar(select(func.count()).where(Project.fetch_error.is_not(None))) or 0,
        "readings": await session.scalar(select(func.count()).where(Database.read_state == "failed")) or 0,
        "drafts": await session.scalar(select(func.count()).where(Draft.state == "failed")) or 0,
    }
