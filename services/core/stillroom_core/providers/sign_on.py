"""Signing in through an organization's identity provider: the way there, and who came back."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from redis.asyncio import Redis
from sqlalchemy import select

from stillroom_core.accounts.events import tell_account
from stillroom_core.accounts.service import end_sign_ins, open_account_of_provider, person_with
from stillroom_core.audit.service import write_stranger
from stillroom_core.database import Database, Session
from stillroom_core.errors import Forbidden, Invalid
from stillroom_core.groups.repository import GroupRepository
from stillroom_core.keys import new_key
from stillroom_core.members.models import Membership, User
from stillroom_core.providers.domains import domain_of
from stillroom_core.providers.models import Identity, IdentityProvider
from stillroom_core.providers.openid import ProviderFailed, Secrets, discover, redeem, way_there
from stillroom_core.providers.repository import ProviderRepository, provider_for
from stillroom_core.providers.service import client_of, new_secret
from stillroom_core.sessions.service import normalized_email
from stillroom_core.settings import Settings
from stillroom_core.tables import now
from stillroom_core.tenancy import narrow

log = structlog.get_logger()

LIFE = timedelta(minutes=10)
_MOST_GROUPS = 500


@dataclass(frozen=True)
class Begun:
    """Where the browser goes, and what it must keep to prove afterwards that it is the same one."""

    location: str
    binding: str


@dataclass
class Attempt:
    """What is known so far of who comes back; filled on the way, so that a refusal tells as much of it."""

    organization_id: UUID | None = None
    issuer: str | None = None
    email: str | None = None  # as the provider says, in a token that it signed
    user_id: UUID | None = None
    cause: str | None = None  # of a provider that failed


@dataclass(frozen=True)
class _Kept:
    organization_id: str
    provider_id: str
    secrets: dict[str, str]
    binding: str
    next: str


async def begin(session: Session, redis: "Redis", settings: Settings, *, email: str, next_path: str) -> Begun:
    """The way to the provider that speaks for the address; raises Invalid where none does, or it does not answer."""
    provider = await provider_for(session, normalized_email(email))
    if provider is None:
        raise Invalid(
            "no_provider",
            "No organization signs in addresses of this domain.",
            fix="Sign in with your password, or ask your administrator to set single sign-on up.",
            fields={"email": "has no provider"},
        )
    await narrow(session, provider.organization_id)
    try:
        endpoints = await discover(settings, provider.issuer)
    except ProviderFailed as failure:
        log.warning("sso.provider_failed", provider=str(provider.id), cause=failure.code)
        raise _failed() from failure
    made = Secrets(new_secret(), new_secret(), new_secret())
    kept = _Kept(str(provider.organization_id), str(provider.id), asdict(made), new_secret(), next_path)
    await redis.set(f"sso:{made.state}", json.dumps(asdict(kept)), ex=LIFE)
    return Begun(way_there(endpoints, client_of(provider), made, email), kept.binding)


async def finish(
    database: Database,
    session: Session,
    redis: "Redis",
    settings: Settings,
    attempt: Attempt,
    *,
    state: str,
    code: str,
    binding: str,
) -> tuple[User, str]:
    """Who came back, and where they wanted to; raises Invalid or Forbidden.

    The state is good once, and in the browser that began with it alone. Without a code the provider has refused.
    """
    stored = await redis.getdel(f"sso:{state[:200]}")
    kept = _Kept(**json.loads(stored)) if stored else None
    if kept is None:
        raise _ended() if code else _failed()
    organization_id = attempt.organization_id = UUID(kept.organization_id)
    if not secrets.compare_digest(kept.binding.encode(), binding.encode()):
        raise _ended()
    async with database.transaction(organization_id) as other:
        provider = await ProviderRepository(other, organization_id).find()
    if provider is None or str(provider.id) != kept.provider_id:
        raise _ended()
    attempt.issuer = provider.issuer
    if not code:
        attempt.cause = "provider_refused"
        raise _failed()
    try:
        # Before any row is held: the provider may be slow.
        endpoints = await discover(settings, provider.issuer)
        claims = await redeem(settings, endpoints, client_of(provider), Secrets(**kept.secrets), code)
    except ProviderFailed as failure:
        attempt.cause = failure.code
        log.warning("sso.provider_failed", provider=str(provider.id), cause=failure.code)
        raise _failed() from failure
    attempt.email = normalized_email(str(claims.get("email") or "")) or None
    await narrow(session, organization_id)
    return await _person(session, provider, claims, attempt), kept.next


async def tell_refused(session: Session, attempt: Attempt, reason: str) -> None:
    """Tells the organization whose provider it was of a refused sign-in; by itself, as the attempt was rolled back.

    Who is connected with the provider, or whom a proven domain vouches for, is told too, like of a wrong password;
    whoever else the provider names is somebody unknown, and no other organization hears of it.
    """
    if attempt.organization_id is None:
        return
    if attempt.cause is not None:
        reason = f"{reason}: {attempt.cause}"
    told = {"method": "sso", "provider": attempt.issuer} if attempt.issuer else {"method": "sso"}
    user = await session.get(User, attempt.user_id) if attempt.user_id else None
    await narrow(session, attempt.organization_id)
    if user is not None:
        await tell_account(session, user, "account.sign_in", told, outcome="refused", reason=reason)
        if await session.get(Membership, (attempt.organization_id, user.id)) is not None:
            return  # told with the others of theirs
    await write_stranger(session, attempt.organization_id, attempt.email, "account.sign_in", told, reason=reason)


async def _person(session: Session, provider: IdentityProvider, claims: Mapping[str, Any], attempt: Attempt) -> User:
    """Whom the provider means; made or connected where it may be."""
    repository = ProviderRepository(session, provider.organization_id)
    identity = await repository.identity(provider.id, claims["sub"])
    if identity is not None:
        user = await session.get_one(User, identity.user_id)
        attempt.user_id = user.id
        identity.last_used_at = now()
    else:
        user = await _connect(session, provider, repository, claims, attempt)
    if user.disabled_at is not None or user.kind != "person":
        raise Forbidden("account_disabled", "This account is switched off.", fix="Ask the operator.")
    await _follow_groups(session, provider, user, claims)
    told = {"method": "sso", "provider": provider.issuer}
    await tell_account(session, user, "account.sign_in", told)
    return user


async def _connect(
    session: Session,
    provider: IdentityProvider,
    repository: ProviderRepository,
    claims: Mapping[str, Any],
    attempt: Attempt,
) -> User:
    """The first time: only an address that the provider has verified, in a domain that is proven to be theirs."""
    email = normalized_email(str(claims.get("email") or ""))
    proven = {one.domain for one in await repository.domains() if one.proven_at is not None}
    if claims.get("email_verified") not in (True, "true") or domain_of(email) not in proven or len(email) > 254:
        raise Forbidden(
            "sso_address",
            "The identity provider names no verified address of this organization's domains.",
            fix="Ask who runs the provider to verify your address there.",
        )
    user = await person_with(session, email)
    attempt.user_id = user.id if user else None
    member = user is not None and await session.get(Membership, (provider.organization_id, user.id)) is not None
    if not member and not provider.admits:
        raise Forbidden(
            "sso_not_member",
            "You do not belong to this organization yet.",
            fix="Ask an administrator to invite you; then sign in here again.",
        )
    if user is None:
        name = str(claims.get("name") or email.partition("@")[0])[:200]
        user = await open_account_of_provider(session, email=email, name=name)
        await tell_account(session, user, "account.open")
    elif user.totp_enabled_at is not None:
        raise Forbidden(
            "sso_second_factor",
            "This account has a second factor, which the identity provider must not go around.",
            fix="Sign in with your password, switch the second factor off, sign in here once, and switch it on again.",
        )
    elif user.unverified_since is not None:
        # Whoever opened it never proved the address: their password and sign-ins end here.
        await open_account_of_provider(session, email=email, name=user.name, instead_of=user)
        await end_sign_ins(session, user)
    if not member:
        role = _role(provider, claims) or "member"
        session.add(Membership(organization_id=provider.organization_id, user_id=user.id, role=role))
        await session.flush()
    session.add(
        Identity(
            id=new_key(),
            organization_id=provider.organization_id,
            provider_id=provider.id,
            user_id=user.id,
            subject=claims["sub"],
            last_used_at=now(),
        )
    )
    await session.flush()
    await tell_account(session, user, "account.connect", {"provider": provider.issuer})
    return user


async def _follow_groups(session: Session, provider: IdentityProvider, user: User, claims: Mapping[str, Any]) -> None:
    """What the mapping names follows the provider at each sign-in; owners, and what it does not name, stay."""
    if not provider.mapping:
        return
    membership = await session.scalar(
        select(Membership).where(Membership.organization_id == provider.organization_id, Membership.user_id == user.id)
    )
    if membership is not None and membership.role != "owner" and any(one.get("role") for one in provider.mapping):
        membership.role = _role(provider, claims) or "member"
    held = _groups(provider, claims)
    groups = GroupRepository(session, provider.organization_id)
    named = {UUID(one["group"]) for one in provider.mapping if one.get("group")}
    wanted = {UUID(one["group"]) for one in provider.mapping if one.get("group") and one["value"] in held}
    for key in await groups.existing(list(named)):
        if key in wanted:
            await groups.put_member(key, user.id)
        else:
            await groups.take_member(key, user.id)
    await session.flush()


def _groups(provider: IdentityProvider, claims: Mapping[str, Any]) -> set[str]:
    value = claims.get(provider.groups_claim)
    given = value if isinstance(value, list) else [value]
    return {one for one in given[:_MOST_GROUPS] if isinstance(one, str)}


def _role(provider: IdentityProvider, claims: Mapping[str, Any]) -> str | None:
    held = _groups(provider, claims)
    roles = {one["role"] for one in provider.mapping if one.get("role") and one["value"] in held}
    return "admin" if "admin" in roles else "member" if "member" in roles else None


def _ended() -> Invalid:
    return Invalid("sso_ended", "This sign-in was begun elsewhere, or too long ago.", fix="Begin again.")


def _failed() -> Invalid:
    return Invalid(
        "sso_failed",
        "The identity provider did not sign you in.",
        fix="Try again. If it happens again, ask who set single sign-on up; the log of the api says why.",
    )
