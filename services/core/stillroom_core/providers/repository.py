"""Reads and writes the identity provider of one organization; finds the one that speaks for an address."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select

from stillroom_core.database import Session
from stillroom_core.errors import not_found
from stillroom_core.members.models import Membership, User
from stillroom_core.providers.domains import domain_of
from stillroom_core.providers.models import Identity, IdentityProvider, ProviderDomain
from stillroom_core.tenancy import everything


class ProviderRepository:
    """The provider of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def find(self) -> IdentityProvider | None:
        """The provider, if there is one."""
        found: IdentityProvider | None = await self._session.scalar(
            select(IdentityProvider).where(IdentityProvider.organization_id == self._organization_id)
        )
        return found

    async def get(self) -> IdentityProvider:
        """The provider; raises NotFound."""
        found = await self.find()
        if found is None:
            raise not_found("identity provider")
        return found

    async def domains(self) -> Sequence[ProviderDomain]:
        """Its domains, by name."""
        return (
            await self._session.scalars(
                select(ProviderDomain)
                .where(ProviderDomain.organization_id == self._organization_id)
                .order_by(ProviderDomain.domain)
            )
        ).all()

    async def domain(self, name: str) -> ProviderDomain:
        """One of its domains; raises NotFound."""
        found = await self._session.scalar(
            select(ProviderDomain).where(
                ProviderDomain.organization_id == self._organization_id, ProviderDomain.domain == name
            )
        )
        if found is None:
            raise not_found("domain")
        return found

    async def identity(self, provider_id: UUID, subject: str) -> Identity | None:
        """Whom a subject of the provider is."""
        found: Identity | None = await self._session.scalar(
            select(Identity).where(
                Identity.organization_id == self._organization_id,
                Identity.provider_id == provider_id,
                Identity.subject == subject,
            )
        )
        return found

    async def bound_members(self) -> Sequence[User]:
        """Members, without owners, whose address is in a proven domain: whom enforcing concerns."""
        proven = {one.domain for one in await self.domains() if one.proven_at is not None}
        rows = await self._session.scalars(
            select(User)
            .join(Membership, Membership.user_id == User.id)
            .where(
                Membership.organization_id == self._organization_id,
                Membership.role != "owner",
                User.kind == "person",
            )
        )
        return [user for user in rows if domain_of(user.email) in proven]


async def provider_for(session: Session, email: str) -> IdentityProvider | None:
    """The provider that speaks for the address's domain, of whichever organization."""
    async with everything(session):
        found: IdentityProvider | None = await session.scalar(
            select(IdentityProvider)
            .join(ProviderDomain, ProviderDomain.provider_id == IdentityProvider.id)
            .where(ProviderDomain.domain == domain_of(email), ProviderDomain.proven_at.is_not(None))
        )
    return found


async def needs_provider(session: Session, user: User) -> bool:
    """Whether this person's password is not enough: they belong to an organization that enforces its provider.

    Owners get in without it, so that a broken provider locks nobody out for good.
    """
    async with everything(session):
        found = await session.scalar(
            select(IdentityProvider.id)
            .join(ProviderDomain, ProviderDomain.provider_id == IdentityProvider.id)
            .join(
                Membership,
                (Membership.organization_id == IdentityProvider.organization_id) & (Membership.user_id == user.id),
            )
            .where(
                IdentityProvider.enforced,
                ProviderDomain.domain == domain_of(user.email),
                ProviderDomain.proven_at.is_not(None),
                Membership.role != "owner",
            )
        )
    return found is not None


async def any_provider(session: Session) -> bool:
    """Whether anybody could sign in through one."""
    async with everything(session):
        return bool(await session.scalar(select(exists().where(ProviderDomain.proven_at.is_not(None)))))
