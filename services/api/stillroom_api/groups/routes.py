"""Groups: make, rename, fill, remove."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, StringConstraints

from stillroom_api.authorization import in_organization
from stillroom_api.context import Transaction
from stillroom_api.members.in_organization import PersonName
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.groups import service
from stillroom_core.groups.models import Group
from stillroom_core.members.models import User

router = APIRouter(prefix="/api/orgs/{org}/groups", tags=["groups"])


class GroupContent(BaseModel):
    """The name of a group."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]


class GroupRead(BaseModel):
    """A group with its people."""

    id: UUID
    name: str
    members: list[PersonName]

    @classmethod
    def of(cls, group: Group, people: list[User]) -> "GroupRead":
        """From the rows."""
        return cls(id=group.id, name=group.name, members=[PersonName.model_validate(person) for person in people])


class Groups(BaseModel):
    """The groups of an organization by name."""

    items: list[GroupRead]


Reading = Annotated[Actor, in_organization(Permission.ORGANIZATION_READ)]
Managing = Annotated[Actor, in_organization(Permission.MEMBER_MANAGE)]


@router.get("")
async def list_groups(session: Transaction, actor: Reading) -> Groups:
    """The organization's groups."""
    return Groups(items=[GroupRead.of(*row) for row in await service.list_groups(session, actor)])


@router.post("", status_code=201)
async def create_group(body: GroupContent, session: Transaction, actor: Managing) -> GroupRead:
    """Makes an empty group."""
    return GroupRead.of(await service.create_group(session, actor, body.name), [])


@router.patch("/{group}", status_code=204)
async def rename_group(group: UUID, body: GroupContent, session: Transaction, actor: Managing) -> None:
    """Another name for a group."""
    await service.rename_group(session, actor, group, body.name)


@router.delete("/{group}", status_code=204)
async def delete_group(group: UUID, session: Transaction, actor: Managing) -> None:
    """Removes a group; its people stay members."""
    await service.delete_group(session, actor, group)


@router.put("/{group}/members/{person}", status_code=204)
async def put_in_group(group: UUID, person: UUID, session: Transaction, actor: Managing) -> None:
    """Adds a member of the organization."""
    await service.put_in_group(session, actor, group, person)


@router.delete("/{group}/members/{person}", status_code=204)
async def take_from_group(group: UUID, person: UUID, session: Transaction, actor: Managing) -> None:
    """Takes a person out of a group."""
    await service.take_from_group(session, actor, group, person)
