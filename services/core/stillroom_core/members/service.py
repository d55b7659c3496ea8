"""People: what they change about themselves, and finding them as members."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.actors.repository import actor_in
from stillroom_core.database import Session
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import find_environment
from stillroom_core.errors import not_found
from stillroom_core.members.models import Membership, User
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import find_project


def change_person(person: User, changes: Mapping[str, Any]) -> None:
    """Applies the given fields; a language of None means: take the browser's."""
    for name, value in changes.items():
        if value is not None or name == "locale":
            setattr(person, name, value)


async def subject_of(session: Session, actor: Actor, person_id: UUID | None) -> Actor:
    """The member whose rights are asked for: oneself, or anybody for who may manage members."""
    if person_id is None or person_id == actor.user_id:
        return actor
    actor.check(Permission.MEMBER_MANAGE)
    if await session.get(Membership, (actor.organization_id, person_id)) is None:
        raise not_found("member")
    return await actor_in(session, await session.get_one(User, person_id), key=actor.organization_id)


async def place_of(
    session: Session, actor: Actor, project: str | None, environment: str | None
) -> tuple[Project | None, Environment | None]:
    """The project and the environment of these names, where they are given; raises NotFound."""
    if project is None:
        return None, None
    found = await find_project(session, actor, project)
    return found, await find_environment(session, actor, found, environment) if environment else None
