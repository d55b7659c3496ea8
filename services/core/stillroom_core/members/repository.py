"""Reads and writes the members of one organization, and their roles in its projects."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, func, select

from stillroom_core.database import Session
from stillroom_core.environments.models import Environment
from stillroom_core.errors import not_found
from stillroom_core.groups.models import Group, GroupRole
from stillroom_core.members.models import EnvironmentMembership, Membership, ProjectMembership, User


@dataclass(frozen=True)
class ProjectRoleHolder:
    """A person or a group with a role in a project, or in one environment of it."""

    person: User | None
    group: Group | None
    environment: Environment | None
    role: str


class MemberRepository:
    """The members of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def listing(self) -> Sequence[tuple[Membership, User]]:
        """The people who are members, by name; service accounts have a list of their own."""
        rows = await self._session.execute(
            select(Membership, User)
            .join(User, User.id == Membership.user_id)
            .where(Membership.organization_id == self._organization_id, User.kind == "person")
            .order_by(User.name, User.email)
        )
        return [(membership, user) for membership, user in rows]

    async def held(self, user_id: UUID) -> Membership:
        """A person's membership, held until the transaction ends; raises NotFound, also for a service account."""
        found = await self._session.scalar(
            select(Membership)
            .join(User, User.id == Membership.user_id)
            .where(
                Membership.organization_id == self._organization_id,
                Membership.user_id == user_id,
                User.kind == "person",
            )
            .with_for_update(of=Membership)
        )
        if found is None:
            raise not_found("member")
        return found

    async def owners(self) -> int:
        """How many owners there are; they stay as many until the transaction ends."""
        rows = await self._session.scalars(
            select(Membership.user_id)
            .where(Membership.organization_id == self._organization_id, Membership.role == "owner")
            .with_for_update()
        )
        return len(rows.all())

    def add(self, user_id: UUID, role: str) -> None:
        """A new member."""
        self._session.add(Membership(organization_id=self._organization_id, user_id=user_id, role=role))

    async def is_member(self, user_id: UUID) -> bool:
        """Whether the person belongs to the organization."""
        return await self._session.get(Membership, (self._organization_id, user_id)) is not None

    async def remove(self, membership: Membership) -> None:
        """Ends a membership, and with it every role and group of the person here."""
        await self._session.delete(membership)
        await self._session.flush()

    async def count(self) -> int:
        """How many members there are."""
        found = await self._session.scalar(
            select(func.count()).where(Membership.organization_id == self._organization_id)
        )
        return int(found or 0)

    async def holders(self, project_id: UUID) -> list[ProjectRoleHolder]:
        """Who has a role in the project or in an environment of it, people first; three queries."""
        people = await self._session.execute(
            select(User, ProjectMembership.role)
            .join(ProjectMembership, ProjectMembership.user_id == User.id)
            .where(
                ProjectMembership.organization_id == self._organization_id,
                ProjectMembership.project_id == project_id,
            )
            .order_by(User.name)
        )
        places = await self._session.execute(
            select(User, Environment, EnvironmentMembership.role)
            .join(EnvironmentMembership, EnvironmentMembership.user_id == User.id)
            .join(Environment, Environment.id == EnvironmentMembership.environment_id)
            .where(
                EnvironmentMembership.organization_id == self._organization_id,
                EnvironmentMembership.project_id == project_id,
            )
            .order_by(User.name, Environment.position)
        )
        groups = await self._session.execute(
            select(Group, Environment, GroupRole.role)
            .join(GroupRole, GroupRole.group_id == Group.id)
            .outerjoin(Environment, Environment.id == GroupRole.environment_id)
            .where(GroupRole.organization_id == self._organization_id, GroupRole.project_id == project_id)
            .order_by(Group.name)
        )
        return [
            *(ProjectRoleHolder(user, None, None, role) for user, role in people),
            *(ProjectRoleHolder(user, None, place, role) for user, place, role in places),
            *(ProjectRoleHolder(None, group, place, role) for group, place, role in groups),
        ]

    async def set_role(self, user_id: UUID, project_id: UUID, environment_id: UUID | None, role: str | None) -> None:
        """Gives a member a role in a project or an environment of it; None takes it away."""
        if environment_id is None:
            await self._session.execute(
                delete(ProjectMembership).where(
                    ProjectMembership.organization_id == self._organization_id,
                    ProjectMembership.project_id == project_id,
                    ProjectMembership.user_id == user_id,
                )
            )
        else:
            await self._session.execute(
                delete(EnvironmentMembership).where(
                    EnvironmentMembership.organization_id == self._organization_id,
                    EnvironmentMembership.environment_id == environment_id,
                    EnvironmentMembership.user_id == user_id,
                )
            )
        if role is None:
            return
        place = {"organization_id": self._organization_id, "project_id": project_id, "user_id": user_id, "role": role}
        self._session.add(
            ProjectMembership(**place)
            if environment_id is None
            else EnvironmentMembership(**place, environment_id=environment_id)
        )
        await self._session.flush()
