"""Who has a second factor, for organizations that demand one of their members.

An authenticator app, or a passkey. Whom the organization's own provider signs in, because it is enforced for their
address, counts as well: their password opens nothing, and what the provider asks for is the organization's to decide.
A provider that is only offered does not count, since the password would be a way around it. Neither do owners count by
it, who may always come in without. Service accounts have no password that could be guessed; their tokens go on.
"""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select

from stillroom_core.database import Session
from stillroom_core.members.models import Membership, User
from stillroom_core.passkeys.models import Passkey
from stillroom_core.providers.models import IdentityProvider, ProviderDomain


async def with_passkeys(session: Session, people: Collection[UUID]) -> frozenset[UUID]:
    """Those who have one at least; one query."""
    rows = await session.scalars(select(Passkey.user_id).where(Passkey.user_id.in_(people)).distinct())
    return frozenset(rows)


async def without_second_factor(
    session: Session, members: Collection[tuple[User, UUID]]
) -> frozenset[tuple[UUID, UUID]]:
    """Which of these people lack one in which of these organizations, as (person, organization).

    The session sees all of the organizations. Two queries where somebody has no authenticator app, else none.
    """
    bare = [(user, key) for user, key in members if user.kind == "person" and user.totp_enabled_at is None]
    if not bare:
        return frozenset()
    people = {user.id for user, _ in bare}
    keyed = await with_passkeys(session, people)
    provided = await session.execute(
        select(Membership.user_id, Membership.organization_id)
        .join(User, User.id == Membership.user_id)
        .join(IdentityProvider, IdentityProvider.organization_id == Membership.organization_id)
        .join(ProviderDomain, ProviderDomain.provider_id == IdentityProvider.id)
        .where(
            Membership.user_id.in_(people),
            Membership.organization_id.in_({key for _, key in bare}),
            Membership.role != "owner",
            IdentityProvider.enforced,
            ProviderDomain.proven_at.is_not(None),
            ProviderDomain.domain == func.lower(func.split_part(User.email, "@", 2)),
        )
    )
    trusted = {(user_id, key) for user_id, key in provided}
    return frozenset((user.id, key) for user, key in bare if user.id not in keyed and (user.id, key) not in trusted)
