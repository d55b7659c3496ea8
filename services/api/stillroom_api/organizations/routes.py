"""Organizations: found, look at, change, hand over, delete, leave."""

from typing import Annotated

from fastapi import APIRouter, Request

from stillroom_api.authorization import Person, in_organization
from stillroom_api.context import ContextOf, Transaction, address_of
from stillroom_api.organizations.schemas import (
    Deletion,
    OrganizationChanges,
    OrganizationNew,
    OrganizationRead,
    SecondFactorDemand,
    Transfer,
)
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.actors.repository import actor_in
from stillroom_core.members.service import leave
from stillroom_core.organizations import service
from stillroom_core.organizations.models import Organization

router = APIRouter(prefix="/api", tags=["organizations"])


@router.post("/orgs", status_code=201)
async def found_organization(body: OrganizationNew, session: Transaction, person: Person) -> OrganizationRead:
    """Founds an organization that I own."""
    made = await service.found_organization(session, person, slug=body.slug, name=body.name)
    await session.refresh(made)
    return OrganizationRead.of(made, await actor_in(session, person, key=made.id))


@router.get("/orgs/{org}")
async def read_organization(
    session: Transaction, actor: Annotated[Actor, in_organization(Permission.ORGANIZATION_READ)]
) -> OrganizationRead:
    """One organization."""
    return OrganizationRead.of(await session.get_one(Organization, actor.organization_id), actor)


@router.patch("/orgs/{org}")
async def change_organization(
    body: OrganizationChanges,
    session: Transaction,
    actor: Annotated[Actor, in_organization(Permission.ORGANIZATION_MANAGE)],
) -> OrganizationRead:
    """Another name or short name."""
    return OrganizationRead.of(await service.change_organization(session, actor, body.given()), actor)


@router.put("/orgs/{org}/second-factor")
async def demand_second_factor(
    body: SecondFactorDemand,
    session: Transaction,
    person: Person,
    actor: Annotated[Actor, in_organization(Permission.PROVIDER_MANAGE)],
) -> OrganizationRead:
    """Demands a second factor of every member, or does not any more."""
    changed = await service.demand_second_factor(session, actor, person, demanded=body.demanded)
    return OrganizationRead.of(changed, actor)


@router.post("/orgs/{org}/transfer", status_code=204)
async def transfer_organization(
    body: Transfer,
    request: Request,
    context: ContextOf,
    session: Transaction,
    person: Person,
    actor: Annotated[Actor, in_organization(Permission.ORGANIZATION_TRANSFER)],
) -> None:
    """Makes another member owner and me administrator."""
    async with context.throttle.guarding(person.email, address_of(request)):
        await service.transfer_organization(session, actor, person, to=body.person, password=body.current)


@router.post("/orgs/{org}/delete", status_code=204)
async def delete_organization(
    body: Deletion,
    request: Request,
    context: ContextOf,
    session: Transaction,
    person: Person,
    actor: Annotated[Actor, in_organization(Permission.ORGANIZATION_DELETE)],
) -> None:
    """Deletes the organization with everything in it; target databases are not touched."""
    async with context.throttle.guarding(person.email, address_of(request)):
        await service.delete_organization(session, actor, person, slug=body.slug, password=body.current)


@router.delete("/me/organizations/{org}", status_code=204)
async def leave_organization(org: str, session: Transaction, person: Person) -> None:
    """Ends my membership."""
    await leave(session, await actor_in(session, person, slug=org, even_barred=True))
