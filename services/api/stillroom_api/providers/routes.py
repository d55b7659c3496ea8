"""The identity provider of an organization: look, set up, prove domains, end."""

from typing import Annotated

from fastapi import APIRouter

from stillroom_api.authorization import in_organization
from stillroom_api.context import ContextOf, Transaction
from stillroom_api.providers.schemas import DomainNew, DomainRead, ProviderChange, ProviderPage
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.providers import service
from stillroom_core.providers.repository import ProviderRepository

router = APIRouter(prefix="/api/orgs/{org}/provider", tags=["providers"])

Managing = Annotated[Actor, in_organization(Permission.PROVIDER_MANAGE)]


@router.get("")
async def read_provider(session: Transaction, actor: Managing) -> ProviderPage:
    """How single sign-on is set up."""
    return await _page(session, actor)


@router.put("")
async def set_provider(body: ProviderChange, context: ContextOf, session: Transaction, actor: Managing) -> ProviderPage:
    """Sets single sign-on up; the provider is asked whether it speaks OpenID Connect."""
    await service.set_provider(session, context.settings, actor, body.wanted(), client_secret=body.client_secret)
    return await _page(session, actor)


@router.delete("", status_code=204)
async def delete_provider(session: Transaction, actor: Managing) -> None:
    """Ends single sign-on; people sign in with their passwords."""
    await service.delete_provider(session, actor)


@router.post("/domains", status_code=201)
async def add_domain(body: DomainNew, session: Transaction, actor: Managing) -> DomainRead:
    """A domain of addresses, with the TXT record that proves it."""
    return DomainRead.of(await service.add_domain(session, actor, body.domain))


@router.post("/domains/{domain}/check")
async def check_domain(domain: str, session: Transaction, actor: Managing) -> DomainRead:
    """Looks for the TXT record now."""
    return DomainRead.of(await service.check_domain(session, actor, domain))


@router.delete("/domains/{domain}", status_code=204)
async def remove_domain(domain: str, session: Transaction, actor: Managing) -> None:
    """Addresses of the domain are no longer signed in."""
    await service.remove_domain(session, actor, domain)


async def _page(session: Transaction, actor: Actor) -> ProviderPage:
    repository = ProviderRepository(session, actor.organization_id)
    return ProviderPage.of(await repository.find(), list(await repository.domains()))
