"""Setting up an organization's identity provider and the domains that it speaks for."""

import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from stillroom_core.accounts.service import end_sign_ins
from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.errors import Conflict, Invalid
from stillroom_core.groups.repository import GroupRepository
from stillroom_core.keys import new_key
from stillroom_core.outbound.addresses import operator_networks
from stillroom_core.outbound.http import check_url
from stillroom_core.providers.domains import is_proven, new_proof, normalized_domain
from stillroom_core.providers.models import IdentityProvider, ProviderDomain
from stillroom_core.providers.openid import Client, ProviderFailed, discover
from stillroom_core.providers.repository import ProviderRepository
from stillroom_core.sealing import Address, seal, unseal
from stillroom_core.settings import Settings, get_settings
from stillroom_core.tables import now
from stillroom_core.tenancy import everything

CALLBACK = "/api/auth/sso/callback"
_MOST_DOMAINS = 20


async def set_provider(
    session: Session, settings: Settings, actor: Actor, wanted: Mapping[str, Any], *, client_secret: str | None
) -> IdentityProvider:
    """Makes or changes the provider; None leaves its secret, an empty one forgets it.

    Raises Invalid where the issuer does not answer as OpenID Connect wants, or a group of the mapping is not here;
    Conflict for enforcing what no proven domain stands behind. Enforcing ends the sign-ins of whom it concerns.
    """
    check_url(wanted["issuer"], operator_networks(settings))
    await _check_groups(session, actor, wanted["mapping"])
    try:
        await discover(settings, wanted["issuer"])
    except ProviderFailed as failure:
        raise provider_unreachable(failure, "issuer") from failure
    repository = ProviderRepository(session, actor.organization_id)
    provider = await repository.find()
    begins = wanted["enforced"] and not (provider and provider.enforced)
    if begins and not any(one.proven_at for one in await repository.domains()):
        raise Conflict(
            "no_proven_domain",
            "No domain is proven yet.",
            fix="Add the domain of your addresses and prove it; then enforce.",
            fields={"enforced": "needs a proven domain"},
        )
    if provider is None:
        provider = IdentityProvider(id=new_key(), organization_id=actor.organization_id, enforced=False)
        session.add(provider)
    elif provider.issuer != wanted["issuer"] and client_secret is None and provider.client_secret_sealed is not None:
        # Else whoever may change the address would have the stored secret sent to themselves.
        raise Invalid(
            "secret_for_another_issuer",
            "The stored secret belongs to another issuer.",
            fix="Enter the client's secret again.",
            fields={"client_secret": "required with another issuer"},
        )
    for name, value in wanted.items():
        setattr(provider, name, value)
    if client_secret is not None:
        provider.client_secret_sealed = seal(provider_address(provider), client_secret) if client_secret else None
    await session.flush()
    if begins:
        for member in await repository.bound_members():
            await end_sign_ins(session, member)
    return provider


async def delete_provider(session: Session, actor: Actor) -> None:
    """Ends it with its domains and all that it connected; passwords count again."""
    await session.delete(await ProviderRepository(session, actor.organization_id).get())


async def add_domain(session: Session, actor: Actor, name: str) -> ProviderDomain:
    """A domain to be proven; raises Conflict for one that is there, or that another organization has proven."""
    repository = ProviderRepository(session, actor.organization_id)
    provider, domain = await repository.get(), normalized_domain(name)
    present = await repository.domains()
    if any(one.domain == domain for one in present) or len(present) >= _MOST_DOMAINS:
        raise Conflict(
            "domain_there", "This domain is there already, or there are too many.", fields={"domain": "taken"}
        )
    made = ProviderDomain(
        id=new_key(),
        organization_id=actor.organization_id,
        provider_id=provider.id,
        domain=domain,
        proof=new_proof(),
    )
    session.add(made)
    await session.flush()
    return made


async def check_domain(session: Session, actor: Actor, name: str) -> ProviderDomain:
    """Asks DNS for the proof; raises Conflict while it is not there."""
    found = await ProviderRepository(session, actor.organization_id).domain(name)
    if not await is_proven(found.domain, found.proof):
        raise Conflict(
            "domain_not_proven",
            "DNS does not show the proof yet.",
            fix="Add the TXT record that is shown, and try again; new records can take a while.",
        )
    async with everything(session):
        elsewhere = await session.scalar(
            select(ProviderDomain.id).where(
                ProviderDomain.domain == found.domain,
                ProviderDomain.proven_at.is_not(None),
                ProviderDomain.organization_id != actor.organization_id,
            )
        )
        if elsewhere is not None:
            # Whoever shows the newer proof owns the domain now; the former loses it.
            await session.execute(
                update(ProviderDomain).where(ProviderDomain.id == elsewhere).values(proven_at=None, proof=new_proof())
            )
    found.proven_at = now()
    try:
        await session.flush()
    except IntegrityError as cause:
        raise Conflict("domain_not_proven", "Another organization proved this domain at the same moment.") from cause
    return found


async def remove_domain(session: Session, actor: Actor, name: str) -> None:
    """The provider no longer speaks for it."""
    await session.delete(await ProviderRepository(session, actor.organization_id).domain(name))


def client_of(provider: IdentityProvider) -> Client:
    """Who we are to it."""
    sealed = provider.client_secret_sealed
    secret = unseal(provider_address(provider), sealed) if sealed else None
    return Client(provider.issuer, provider.client_id, secret, redirect_address())


def redirect_address() -> str:
    """What has to be registered at the provider."""
    return get_settings().public_url.rstrip("/") + CALLBACK


def new_secret() -> str:
    """For state, nonce and verifier."""
    return secrets.token_urlsafe(48)


def provider_unreachable(failure: ProviderFailed, field: str) -> Invalid:
    """Said to whoever sets it up."""
    return Invalid(
        "provider_unreachable",
        "The identity provider does not answer as OpenID Connect wants.",
        detail=failure.code,
        fix="Compare the issuer with the one in its discovery document, and see that it can be reached from here.",
        fields={field: "does not answer"},
    )


async def _check_groups(session: Session, actor: Actor, mapping: Sequence[Mapping[str, Any]]) -> None:
    wanted = {UUID(one["group"]) for one in mapping if one.get("group")}
    if len(await GroupRepository(session, actor.organization_id).existing(list(wanted))) != len(wanted):
        raise Invalid(
            "unknown_group", "There is no such group here.", fix="Choose one of the list.", fields={"groups": "unknown"}
        )


def provider_address(provider: IdentityProvider) -> Address:
    """What the sealed secret of our client at a provider is bound to."""
    return Address(provider.organization_id, provider.id, "client_secret")
