"""The members of an organization, and their roles in its projects."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from stillroom_api.authorization import InProject, in_organization, in_project
from stillroom_api.context import Transaction
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import OrganizationRole, Permission, ProjectRole
from stillroom_core.groups.service import set_group_role
from stillroom_core.members import service
from stillroom_core.members.models import Membership, User
from stillroom_core.members.repository import ProjectRoleHolder

router = APIRouter(prefix="/api/orgs/{org}", tags=["members"])


class PersonName(BaseModel):
    """Somebody."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    email: str


class MemberRead(PersonName):
    """A member of an organization."""

    role: OrganizationRole
    since: datetime
    second_factor: bool = Field(description="an authenticator app")
    passkey: bool

    @classmethod
    def of_rows(cls, membership: Membership, user: User, *, passkey: bool) -> "MemberRead":
        """From the rows."""
        return cls(
            id=user.id,
            name=user.name,
            email=user.email,
            role=OrganizationRole(membership.role),
            since=membership.created_at,
            second_factor=user.totp_enabled_at is not None,
            passkey=passkey,
        )


class Members(BaseModel):
    """The members of an organization by name."""

    items: list[MemberRead]


class RoleChange(BaseModel):
    """Another role in the organization."""

    model_config = ConfigDict(extra="forbid")

    role: OrganizationRole


class ProjectRoleChange(BaseModel):
    """A role in the project, or in one environment of it; null takes it away."""

    model_config = ConfigDict(extra="forbid")

    role: ProjectRole | None
    environment: str | None = Field(default=None, max_length=63, description="slug or id; the whole project without")


class PlaceName(BaseModel):
    """An environment."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    slug: str
    name: str


class GroupName(BaseModel):
    """A group."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str


class HolderRead(BaseModel):
    """A person or a group, and what they are in the project or in one environment of it."""

    model_config = ConfigDict(from_attributes=True)

    person: PersonName | None
    group: GroupName | None
    environment: PlaceName | None
    role: ProjectRole


class Holders(BaseModel):
    """Everybody with a role in the project; owners and administrators of the organization need none."""

    items: list[HolderRead]

    @classmethod
    def of(cls, found: list[ProjectRoleHolder]) -> "Holders":
        """From what was found."""
        return cls(items=[HolderRead.model_validate(holder) for holder in found])


@router.get("/members")
async def list_members(
    session: Transaction, actor: Annotated[Actor, in_organization(Permission.ORGANIZATION_READ)]
) -> Members:
    """Who belongs to the organization."""
    found, keyed = await service.list_members(session, actor)
    return Members(items=[MemberRead.of_rows(*row, passkey=row[1].id in keyed) for row in found])


@router.patch("/members/{person}", status_code=204)
async def change_member(
    person: UUID,
    body: RoleChange,
    session: Transaction,
    actor: Annotated[Actor, in_organization(Permission.MEMBER_MANAGE)],
) -> None:
    """Another role for a member, within my own rank."""
    await service.change_role(session, actor, person, body.role)


@router.delete("/members/{person}", status_code=204)
async def remove_member(
    person: UUID, session: Transaction, actor: Annotated[Actor, in_organization(Permission.MEMBER_MANAGE)]
) -> None:
    """Removes a member; what they could do here ends at once."""
    await service.remove_member(session, actor, person)


@router.get("/projects/{project}/members")
async def list_holders(
    session: Transaction, where: Annotated[InProject, in_project(Permission.PROJECT_READ)]
) -> Holders:
    """Who has a role in the project or in one of its environments."""
    return Holders.of(await service.list_holders(session, where.actor, where.project))


@router.put("/projects/{project}/members/{person}", status_code=204)
async def set_project_role(
    person: UUID,
    body: ProjectRoleChange,
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.PROJECT_MEMBER_MANAGE)],
) -> None:
    """Gives a member a role in the project or in one environment, or takes it away."""
    await service.set_project_role(
        session, where.actor, where.project, person, environment=body.environment, role=body.role
    )


@router.put("/projects/{project}/groups/{group}", status_code=204)
async def set_role_of_group(
    group: UUID,
    body: ProjectRoleChange,
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.PROJECT_MEMBER_MANAGE)],
) -> None:
    """Gives everybody in a group a role in the project or in one environment, or takes it away."""
    await set_group_role(session, where.actor, where.project, group, environment=body.environment, role=body.role)
