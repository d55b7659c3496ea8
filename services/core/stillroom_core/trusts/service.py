"""Making and changing trusts."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.errors import not_found
from stillroom_core.keys import new_key
from stillroom_core.members.models import User
from stillroom_core.outbound.addresses import operator_networks
from stillroom_core.outbound.http import check_url
from stillroom_core.settings import get_settings
from stillroom_core.tokens.repository import TokenRepository
from stillroom_core.tokens.service import Wanted, bounds_of
from stillroom_core.trusts.claims import check_claims
from stillroom_core.trusts.models import Trust


async def list_trusts(session: Session, actor: Actor) -> Sequence[tuple[Trust, User]]:
    """The organization's trusts with the accounts that they act as, the newest first."""
    rows = await session.execute(
        select(Trust, User)
        .join(User, User.id == Trust.user_id)
        .where(Trust.organization_id == actor.organization_id)
        .order_by(Trust.id.desc())
    )
    return [(trust, account) for trust, account in rows]


async def find_trust(session: Session, actor: Actor, key: UUID) -> Trust:
    """One of them; raises NotFound."""
    found = await session.scalar(select(Trust).where(Trust.id == key, Trust.organization_id == actor.organization_id))
    if found is None:
        raise not_found("trust")
    return found


async def create_trust(session: Session, actor: Actor, content: Mapping[str, Any]) -> tuple[Trust, User]:
    """A new trust, which reaches no further than its maker does."""
    trust = Trust(id=new_key(), organization_id=actor.organization_id, created_by=actor.name)
    account = await _apply(session, actor, trust, content)
    session.add(trust)
    await session.flush()
    return trust, account


async def replace_trust(session: Session, actor: Actor, key: UUID, content: Mapping[str, Any]) -> tuple[Trust, User]:
    """The same trust with other content; tokens that it gave keep what they were given until they end."""
    trust = await find_trust(session, actor, key)
    if trust.issuer != content["issuer"]:
        trust.jwks = trust.jwks_fetched_at = trust.jwks_asked_at = None
    account = await _apply(session, actor, trust, content)
    await session.flush()
    return trust, account


async def delete_trust(session: Session, actor: Actor, key: UUID) -> None:
    """Ends a trust, and at once every token that it gave."""
    await session.delete(await find_trust(session, actor, key))


async def _apply(session: Session, actor: Actor, trust: Trust, content: Mapping[str, Any]) -> User:
    check_url(content["issuer"], operator_networks(get_settings()))
    check_claims(content["claims"])
    account = await TokenRepository(session, actor.organization_id).service_account(content["account"])
    wanted = Wanted(
        name=content["name"],
        permissions=frozenset(content["permissions"]) | {Permission.PROJECT_READ},
        projects=content["projects"],
        environments=content["environments"],
        networks=(),
        life=timedelta(minutes=content["life_minutes"]),
        owner_id=account.id,
    )
    trust.project_ids, trust.environment_ids = await bounds_of(session, actor, wanted)
    trust.permissions = sorted(wanted.permissions)
    trust.user_id = account.id
    for name in ("name", "issuer", "audience", "claims", "life_minutes"):
        setattr(trust, name, content[name])
    return account
