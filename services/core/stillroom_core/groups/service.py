"""Making groups, filling them, and giving them roles."""

from uuid import UUID

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import ProjectRole
from stillroom_core.database import Session
from stillroom_core.environments.service import find_environment
from stillroom_core.errors import Conflict, not_found
from stillroom_core.groups.models import Group
from stillroom_core.groups.repository import GroupRepository
from stillroom_core.members.models import User
from stillroom_core.members.repository import MemberRepository
from stillroom_core.projects.models import Project


async def list_groups(session: Session, actor: Actor) -> list[tuple[Group, list[User]]]:
    """The organization's groups by name, with their people."""
    return await GroupRepository(session, actor.organization_id).listing()


async def create_group(session: Session, actor: Actor, name: str) -> Group:
    """A new group; raises Conflict when the name is taken."""
    repository = GroupRepository(session, actor.organization_id)
    await _check_name(repository, name)
    return await repository.add(name)


async def rename_group(session: Session, actor: Actor, key: UUID, name: str) -> Group:
    """Another name for a group."""
    repository = GroupRepository(session, actor.organization_id)
    group = await repository.by_id(key)
    if name != group.name:
        await _check_name(repository, name)
        group.name = name
        await session.flush()
    return group


async def delete_group(session: Session, actor: Actor, key: UUID) -> None:
    """Removes a group; its people stay members, without what it gave them."""
    repository = GroupRepository(session, actor.organization_id)
    group = await repository.by_id(key)
    if place := await repository.approves_in(group.id):
        raise Conflict(
            "group_approves",
            f"Approvals on {place.name} come from this group.",
            fix="Choose other approvers in the settings of that environment, and delete the group then.",
        )
    await repository.delete(group)


async def put_in_group(session: Session, actor: Actor, key: UUID, person_id: UUID) -> None:
    """Adds a member of the organization to a group; raises NotFound for anybody else."""
    repository = GroupRepository(session, actor.organization_id)
    group = await repository.by_id(key)
    if not await MemberRepository(session, actor.organization_id).is_member(person_id):
        raise not_found("member")
    await repository.put_member(group.id, person_id)


async def take_from_group(session: Session, actor: Actor, key: UUID, person_id: UUID) -> None:
    """Takes a person out of a group."""
    repository = GroupRepository(session, actor.organization_id)
    await repository.take_member((await repository.by_id(key)).id, person_id)


async def set_group_role(
    session: Session, actor: Actor, project: Project, key: UUID, *, environment: str | None, role: ProjectRole | None
) -> None:
    """What everybody in a group is in a project, or in one environment of it; None: nothing any more."""
    repository = GroupRepository(session, actor.organization_id)
    group = await repository.by_id(key)
    place = await find_environment(session, actor, project, environment) if environment else None
    await repository.set_role(group.id, project.id, place.id if place else None, role.value if role else None)


async def _check_name(repository: GroupRepository, name: str) -> None:
    if await repository.taken(name):
        raise Conflict(
            "name_taken", "A group has this name already.", fix="Choose another name.", fields={"name": "taken"}
        )
