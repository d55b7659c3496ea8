"""Reads and writes the groups of one organization."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, exists, select

from stillroom_core.database import Session
from stillroom_core.environments.models import Environment
from stillroom_core.errors import not_found
from stillroom_core.groups.models import Group, GroupMember, GroupRole
from stillroom_core.keys import new_key
from stillroom_core.members.models import User


class GroupRepository:
    """The groups of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def listing(self) -> list[tuple[Group, list[User]]]:
        """All groups by name, each with its people; two queries."""
        groups = (
            await self._session.scalars(
                select(Group).where(Group.organization_id == self._organization_id).order_by(Group.name)
            )
        ).all()
        rows = await self._session.execute(
            select(GroupMember.group_id, User)
            .join(User, User.id == GroupMember.user_id)
            .where(GroupMember.organization_id == self._organization_id)
            .order_by(User.name)
        )
        people: dict[UUID, list[User]] = {}
        for group_id, user in rows:
            people.setdefault(group_id, []).append(user)
        return [(group, people.get(group.id, [])) for group in groups]

    async def by_id(self, key: UUID) -> Group:
        """One group; raises NotFound."""
        found = await self._session.scalar(
            select(Group).where(Group.id == key, Group.organization_id == self._organization_id)
        )
        if found is None:
            raise not_found("group")
        return found

    async def existing(self, keys: Sequence[UUID]) -> list[UUID]:
        """Those of the keys that are groups here."""
        rows = await self._session.scalars(
            select(Group.id).where(Group.organization_id == self._organization_id, Group.id.in_(keys))
        )
        return list(rows)

    async def taken(self, name: str) -> bool:
        """Whether a group has this name."""
        found = await self._session.scalar(
            select(exists().where(Group.organization_id == self._organization_id, Group.name == name))
        )
        return bool(found)

    async def approves_in(self, group_id: UUID) -> Environment | None:
        """An environment whose approvals come from this group."""
        found: Environment | None = await self._session.scalar(
            select(Environment)
            .where(Environment.organization_id == self._organization_id, Environment.approver_group_id == group_id)
            .limit(1)
        )
        return found

    async def add(self, name: str) -> Group:
        """A new, empty group."""
        made = Group(id=new_key(), organization_id=self._organization_id, name=name)
        self._session.add(made)
        await self._session.flush()
        return made

    async def delete(self, group: Group) -> None:
        """Removes a group with what it gave."""
        await self._session.delete(group)
        await self._session.flush()

    async def put_member(self, group_id: UUID, user_id: UUID) -> None:
        """Adds a member of the organization; twice is once."""
        key = (self._organization_id, group_id, user_id)
        if await self._session.get(GroupMember, key) is None:
            self._session.add(GroupMember(organization_id=self._organization_id, group_id=group_id, user_id=user_id))
            await self._session.flush()

    async def take_member(self, group_id: UUID, user_id: UUID) -> None:
        """Takes a person out of a group."""
        await self._session.execute(
            delete(GroupMember).where(
                GroupMember.organization_id == self._organization_id,
                GroupMember.group_id == group_id,
                GroupMember.user_id == user_id,
            )
        )

    async def set_role(self, group_id: UUID, project_id: UUID, environment_id: UUID | None, role: str | None) -> None:
        """What the group gives in a project or an environment of it; None: nothing any more."""
        await self._session.execute(
            delete(GroupRole).where(
                GroupRole.organization_id == self._organization_id,
                GroupRole.group_id == group_id,
                GroupRole.project_id == project_id,
                GroupRole.environment_id.is_not_distinct_from(environment_id),
            )
        )
        if role is not None:
            self._session.add(
                GroupRole(
                    id=new_key(),
                    organization_id=self._organization_id,
                    group_id=group_id,
                    project_id=project_id,
                    environment_id=environment_id,
                    role=role,
                )
            )
            await self._session.flush()
