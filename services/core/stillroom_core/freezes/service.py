"""Declaring freezes, ending them, and asking whether an environment takes changes."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select

from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import find_environment
from stillroom_core.environments.windows import Opening, Pause, opening_at, parsed
from stillroom_core.errors import Invalid, not_found
from stillroom_core.freezes.models import Freeze
from stillroom_core.keys import new_key
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.projects.models import Project
from stillroom_core.tables import now


async def list_freezes(session: Session, actor: Actor, project: Project) -> list[tuple[Freeze, Environment | None]]:
    """The project's freezes that last or will come, the first one first; one query."""
    rows = await session.execute(
        select(Freeze, Environment)
        .outerjoin(Environment, Environment.id == Freeze.environment_id)
        .where(Freeze.organization_id == actor.organization_id, Freeze.project_id == project.id, Freeze.ends_at > now())
        .order_by(Freeze.starts_at, Freeze.id)
        .limit(200)
    )
    return [(freeze, environment) for freeze, environment in rows]


async def create_freeze(
    session: Session,
    actor: Actor,
    project: Project,
    *,
    environment: str | None,
    starts_at: datetime | None,
    ends_at: datetime,
    reason: str,
) -> tuple[Freeze, Environment | None]:
    """Declares a freeze, from now on where no beginning is given; raises Invalid where it would never be."""
    begins = starts_at or now()
    if ends_at <= max(begins, now()):
        raise Invalid(
            "freeze_over",
            "This freeze ends before it begins, or has ended already.",
            fix="Choose an end that lies in the future and behind the beginning.",
            fields={"ends_at": "must come later"},
        )
    place = await find_environment(session, actor, project, environment) if environment else None
    made = Freeze(
        id=new_key(),
        organization_id=actor.organization_id,
        project_id=project.id,
        environment_id=place.id if place else None,
        starts_at=begins,
        ends_at=ends_at,
        reason=reason,
        actor_name=actor.name,
    )
    session.add(made)
    await session.flush()
    notice_after_commit(session, actor.organization_id, project.id, About.DATABASES, About.APPROVALS)
    return made, place


async def delete_freeze(session: Session, actor: Actor, project: Project, key: UUID) -> None:
    """Ends a freeze at once, or calls it off; raises NotFound."""
    found = await session.scalar(
        select(Freeze).where(
            Freeze.id == key, Freeze.organization_id == actor.organization_id, Freeze.project_id == project.id
        )
    )
    if found is None:
        raise not_found("freeze")
    await session.delete(found)
    await session.flush()
    notice_after_commit(session, actor.organization_id, project.id, About.DATABASES, About.APPROVALS)


async def opening_of(session: Session, environment: Environment, moment: datetime | None = None) -> Opening:
    """Whether the environment takes changes at a moment, by default now; one query."""
    moment = moment or now()
    return opening_at(
        parsed(environment.windows), environment.windows_zone, await _pauses(session, environment), moment
    )


async def _pauses(session: Session, environment: Environment) -> Sequence[Pause]:
    rows = await session.scalars(
        select(Freeze)
        .where(
            Freeze.organization_id == environment.organization_id,
            Freeze.project_id == environment.project_id,
            or_(Freeze.environment_id.is_(None), Freeze.environment_id == environment.id),
            Freeze.ends_at > now(),
        )
        .order_by(Freeze.starts_at)
        .limit(200)
    )
    return [Pause(one.starts_at, one.ends_at, one.reason) for one in rows]
