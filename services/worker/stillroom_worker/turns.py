"""Whose turn it is, and how many jobs may run: of one organization, and on databases of one server.

A slot that became free is given to the organization that has the fewest jobs running, and among those to the one that
was served longest ago. Were messages worked on in the
order in which they came, five hundred jobs of one organization would make everybody else wait for all of them.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import aliased

from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.jobs.lifecycle import JobState
from stillroom_core.jobs.models import Job
from stillroom_core.settings import Settings

# A flood waits on more databases than there are slots anywhere; whose turn it is stands first.
_MOST_LOOKED_AT = 500


async def next_in_turn(session: Session, settings: Settings, *, hint: UUID | None = None) -> UUID | None:
    """The job that should run next, of all organizations; of one organization the hinted one, else the oldest."""
    found: UUID | None = await session.scalar(_in_turn(settings, hint=hint).limit(1))
    return found


async def could_start(session: Session, settings: Settings, *, unrung_for: timedelta, most: int) -> list[UUID]:
    """The jobs that would start if slots were free now, whose turn it is first, and that nobody was told of lately."""
    unrung = or_(Job.rung_at.is_(None), Job.rung_at < func.now() - unrung_for)
    found = await session.scalars(
        select(Job.id)
        .where(Job.id.in_(_in_turn(settings).limit(_MOST_LOOKED_AT)), Job.state == JobState.QUEUED.value, unrung)
        .order_by(Job.id)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    return list(found)


def _in_turn(settings: Settings, *, hint: UUID | None = None) -> Select[UUID]:
    """The first in line of each database on which something could start now, in the order of their turns."""
    running = (
        select(Job.organization_id, func.count().label("number"))
        .where(Job.state == JobState.RUNNING.value)
        .group_by(Job.organization_id)
        .subquery()
    )
    # The first in line of each database, found by the index of what waits.
    first = (
        select(Job.id, Job.organization_id, Job.database_id)
        .where(Job.state == JobState.QUEUED.value)
        .ext(distinct_on(Job.database_id))
        .order_by(Job.database_id, Job.id)
        .subquery()
    )
    busy = aliased(Job)
    share = func.coalesce(running.c.number, 0)
    wanted = (
        select(first.c.id)
        .join(Database, Database.id == first.c.database_id)
        .outerjoin(running, running.c.organization_id == first.c.organization_id)
        .where(
            Database.trusted,
            ~exists().where(busy.database_id == first.c.database_id, busy.state == JobState.RUNNING.value),
        )
    )
    # Where slots are few nobody has more running than another: then it is the turn of who was served longest ago.
    served = func.greatest(
        *(_began_last(first.c.organization_id, state) for state in JobState if state is not JobState.QUEUED)
    )
    if settings.organization_jobs:
        wanted = wanted.where(share < settings.organization_jobs)
    if settings.server_jobs:
        wanted = wanted.where(running_on_server_of(Database) < settings.server_jobs)
    return wanted.order_by(share, served.nulls_first(), *([first.c.id != hint] if hint else []), first.c.id)


def _began_last(organization_id: Any, state: JobState) -> Any:
    """When the newest job of an organization in this state began: one look into the index of states."""
    begun = aliased(Job)
    return (
        select(begun.started_at)
        .where(begun.organization_id == organization_id, begun.state == state.value)
        .order_by(begun.id.desc())
        .limit(1)
        .scalar_subquery()
    )


def running_on_server_of(database: Any) -> ColumnElement[int]:
    """How many jobs run on databases of the same server, of all organizations together."""
    busy, place = aliased(Job), aliased(Database)
    return (
        select(func.count())
        .select_from(busy)
        .join(place, place.id == busy.database_id)
        .where(busy.state == JobState.RUNNING.value, place.host == database.host, place.port == database.port)
        .scalar_subquery()
    )


async def within_limits(session: Session, settings: Settings, job_id: UUID) -> bool:
    """Whether one more job may run; until this transaction ends nobody else is told so of the same two.

    Always the organization's lock before the server's, so that no two transactions wait for each other.
    """
    if not settings.organization_jobs and not settings.server_jobs:
        return True
    place = (
        await session.execute(
            select(Job.organization_id, Database.host, Database.port)
            .join(Database, Database.id == Job.database_id)
            .where(Job.id == job_id)
        )
    ).one_or_none()
    if place is None:
        return True  # there is nothing to claim either
    if settings.organization_jobs:
        await _alone(session, f"jobs of {place.organization_id}")
        running = select(func.count()).where(
            Job.organization_id == place.organization_id, Job.state == JobState.RUNNING.value
        )
        if (await session.scalar(running) or 0) >= settings.organization_jobs:
            return False
    if settings.server_jobs:
        await _alone(session, f"jobs on {place.host}:{place.port}")
        running = select(running_on_server_of(place))
        if (await session.scalar(running) or 0) >= settings.server_jobs:
            return False
    return True


async def _alone(session: Session, what: str) -> None:
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))
