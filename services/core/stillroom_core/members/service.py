"""People: what they change about themselves, and finding them as members."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from stillroom_core.accounts.events import tell_account
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import OrganizationRole, Permission, ProjectRole
from stillroom_core.actors.repository import actor_in
from stillroom_core.actors.second_factor import with_passkeys
from stillroom_core.database import Session
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import find_environment
from stillroom_core.errors import Conflict, not_found
from stillroom_core.members.models import Membership, User
from stillroom_core.members.repository import MemberRepository, ProjectRoleHolder
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import find_project


async def change_person(session: Session, person: User, changes: Mapping[str, Any]) -> None:
    """Applies the given fields; a language of None means: take the browser's."""
    before = {name: getattr(person, name) for name in changes}
    for name, value in changes.items():
        if value is not None or name == "locale":
            setattr(person, name, value)
    after = {name: getattr(person, name) for name in changes}
    # How somebody likes the pages concerns nobody else.
    renamed = before.get("name") != after.get("name")
    await tell_account(session, person, "account.change", {"before": before, "after": after}, elsewhere=renamed)


async def subject_of(session: Session, actor: Actor, person_id: UUID | None) -> Actor:
    """The member whose rights are asked for: oneself, or anybody for who may manage members."""
    if person_id is None or person_id == actor.user_id:
        return actor
    actor.check(Permission.MEMBER_MANAGE)
    if not await MemberRepository(session, actor.organization_id).is_member(person_id):
        raise not_found("member")
    person = await session.get_one(User, person_id)
    return await actor_in(session, person, key=actor.organization_id, even_barred=True)


async def place_of(
    session: Session, actor: Actor, project: str | None, environment: str | None
) -> tuple[Project | None, Environment | None]:
    """The project and the environment of these names, where they are given; raises NotFound."""
    if project is None:
        return None, None
    found = await find_project(session, actor, project)
    return found, await find_environment(session, actor, found, environment) if environment else None


async def list_members(session: Session, actor: Actor) -> tuple[Sequence[tuple[Membership, User]], frozenset[UUID]]:
    """The members of the actor's organization by name, and which of them have a passkey."""
    found = await MemberRepository(session, actor.organization_id).listing()
    return found, await with_passkeys(session, [user.id for _, user in found])


async def change_role(session: Session, actor: Actor, person_id: UUID, role: OrganizationRole) -> None:
    """Another role for a member, both within the actor's own rank; raises Conflict for the last owner."""
    repository = MemberRepository(session, actor.organization_id)
    membership = await repository.held(person_id)
    actor.check_rank(OrganizationRole(membership.role))
    actor.check_rank(role)
    if membership.role == OrganizationRole.OWNER and role is not OrganizationRole.OWNER:
        await _keep_an_owner(repository)
    membership.role = role.value
    await session.flush()


async def remove_member(session: Session, actor: Actor, person_id: UUID) -> None:
    """Removes a member up to the actor's own rank; raises Conflict for the last owner.

    Rights are read anew for every request, so that what the person had here ends at once.
    """
    repository = MemberRepository(session, actor.organization_id)
    membership = await repository.held(person_id)
    actor.check_rank(OrganizationRole(membership.role))
    if membership.role == OrganizationRole.OWNER:
        await _keep_an_owner(repository)
    await repository.remove(membership)


async def leave(session: Session, actor: Actor) -> None:
    """Ends the actor's own membership; raises Conflict for the last owner."""
    await remove_member(session, actor, actor.user_id)


async def list_holders(session: Session, actor: Actor, project: Project) -> list[ProjectRoleHolder]:
    """People and groups with a role in the project or in one of its environments."""
    return await MemberRepository(session, actor.organization_id).holders(project.id)


async def set_project_role(
    session: Session,
    actor: Actor,
    project: Project,
    person_id: UUID,
    *,
    environment: str | None,
    role: ProjectRole | None,
) -> None:
    """Gives a member a role in a project or in one environment of it, or takes it away.

    There is no rank to keep to: whoever may do this has the project's highest role.
    """
    place = await find_environment(session, actor, project, environment) if environment else None
    repository = MemberRepository(session, actor.organization_id)
    if not await repository.is_member(person_id):
        raise not_found("member")
    await repository.set_role(person_id, project.id, place.id if place else None, role.value if role else None)


async def _keep_an_owner(repository: MemberRepository) -> None:
    if await repository.owners() <= 1:
        raise Conflict(
            "last_owner",
            "An organization needs an owner.",
            fix="Hand it over to another member first, or delete it.",
        )
