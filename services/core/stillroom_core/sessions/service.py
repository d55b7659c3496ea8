"""Signing in, staying signed in, signing out."""

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from redis.asyncio import Redis
from sqlalchemy import exists, select, update

from stillroom_core.accounts.events import tell_account
from stillroom_core.accounts.second_factor import passes, wrong_code
from stillroom_core.database import Session
from stillroom_core.errors import Forbidden, Invalid, Unauthenticated
from stillroom_core.keys import new_key
from stillroom_core.members.models import User
from stillroom_core.passkeys.proofs import has_passkeys, unknown_passkey, use
from stillroom_core.providers.repository import needs_provider
from stillroom_core.sessions.models import RefreshToken
from stillroom_core.sessions.passwords import verify_password
from stillroom_core.sessions.throttle import Throttle
from stillroom_core.sessions.tokens import Claims, read, sign, unauthenticated
from stillroom_core.settings import Settings
from stillroom_core.tables import now

# Two tabs may refresh with the same cookie at the same moment; that is not theft.
_REUSE_GRACE = timedelta(seconds=20)


@dataclass(frozen=True)
class Client:
    """Where a request came from."""

    address: str
    user_agent: str


@dataclass(frozen=True)
class SignedIn:
    """What the caller gets: an access token to send, a refresh token to keep in a cookie."""

    access_token: str
    refresh_token: str
    refresh_expires_at: datetime
    user: User


def normalized_email(email: str) -> str:
    """One spelling for one person."""
    return email.strip().lower()


@dataclass(frozen=True)
class SecondProof:
    """What stands beside a password: a code, or what a passkey answered."""

    code: str | None = None
    passkey: Mapping[str, Any] | None = None


async def sign_in(
    session: Session,
    redis: "Redis",
    settings: Settings,
    throttle: Throttle,
    *,
    email: str,
    password: str,
    second: SecondProof,
    client: Client,
) -> SignedIn:
    """Checks a password and, where the person has one, the second factor.

    The answer to a wrong password and its cost do not tell whether the person exists.
    """
    email = normalized_email(email)
    await throttle.check(email, client.address)
    user = await session.scalar(select(User).where(User.email == email))
    right, replacement = await verify_password(password, user.password_hash if user else None)
    if user is None or not right or user.disabled_at is not None or user.kind != "person":
        await throttle.failed(email, client.address)
        raise Unauthenticated(
            "wrong_credentials",
            "The e-mail address or the password is wrong.",
            fix="Check both and try again.",
        )
    await check_admitted(session, user)
    told: dict[str, Any] = {"method": "password", "second_factor": user.totp_enabled_at is not None}
    if user.totp_enabled_at is not None:
        try:
            told |= await _second_factor(session, redis, settings, user, second)
        except Invalid:
            await throttle.failed(email, client.address)
            raise
    if replacement:
        user.password_hash = replacement
    await throttle.succeeded(email)
    await tell_account(session, user, "account.sign_in", told)
    return await issue(session, settings, user, client=client)


async def check_admitted(session: Session, user: User) -> None:
    """Raises Forbidden for who has proven who they are and still may not come in this way."""
    if user.unverified_since is not None:
        raise Forbidden(
            "email_unverified",
            "The e-mail address is not confirmed yet.",
            fix="Follow the link of the letter that was sent to it, or ask for another one.",
        )
    if await needs_provider(session, user):
        raise Forbidden(
            "sso_needed",
            "Your organization signs its people in with its own identity provider.",
            fix="Choose to sign in with your organization.",
        )


async def _second_factor(
    session: Session, redis: "Redis", settings: Settings, user: User, second: SecondProof
) -> dict[str, str]:
    """What there is to tell of it; raises Unauthenticated while nothing was shown, Invalid for what is wrong."""
    if second.passkey is not None:
        passkey, person = await use(session, redis, settings, second.passkey)
        if person.id != user.id:
            raise unknown_passkey()
        return {"passkey": passkey.name}
    if not second.code:
        raise Unauthenticated(
            "second_factor_needed",
            "A code of the second factor is needed.",
            fix="Enter the code that your device shows, or one of the recovery codes.",
            params={"passkey": await has_passkeys(session, user)},
        )
    if not await passes(session, user, second.code):
        raise wrong_code()
    return {}


async def refresh(session: Session, settings: Settings, *, token: str, client: Client) -> SignedIn | None:
    """Exchanges a refresh token for a new pair.

    Returns None when the token is unknown, ended or was used before; a use after the grace period ends
    the whole family, because two holders of one token mean that one of them stole it.
    """
    stored = await session.scalar(
        select(RefreshToken).where(RefreshToken.token_hash == _digest(token)).with_for_update()
    )
    if stored is None or stored.revoked_at is not None or stored.expires_at <= now():
        return None
    if stored.used_at is not None and now() - stored.used_at > _REUSE_GRACE:
        await end_family(session, stored.family_id)
        thief_or_owner = await session.get_one(User, stored.user_id)
        family = {"session": stored.family_id}
        await tell_account(session, thief_or_owner, "account.session_reused", family, outcome="found")
        return None
    user = await session.get_one(User, stored.user_id)
    if user.disabled_at is not None:
        return None
    stored.used_at = stored.used_at or now()
    return await issue(session, settings, user, family_id=stored.family_id, client=client)


async def sign_out(session: Session, *, token: str) -> None:
    """Ends the sign-in that this refresh token belongs to; unknown tokens change nothing."""
    stored = await session.scalar(select(RefreshToken).where(RefreshToken.token_hash == _digest(token)))
    if stored is not None and stored.revoked_at is None:
        await end_family(session, stored.family_id)
        person = await session.get_one(User, stored.user_id)
        await tell_account(session, person, "account.sign_out", {"session": stored.family_id})


async def tell_failed_sign_in(session: Session, *, email: str, reason: str) -> None:
    """Tells of a refused sign-in, where there is such an account; by itself, because the attempt was rolled back."""
    user = await session.scalar(select(User).where(User.email == normalized_email(email), User.kind == "person"))
    if user is not None:
        await tell_account(session, user, "account.sign_in", outcome="refused", reason=reason)


async def end_family(session: Session, family_id: UUID) -> None:
    """Revokes every refresh token of one sign-in."""
    await session.execute(
        update(RefreshToken)
        .where(RefreshToken.family_id == family_id, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=now())
    )


async def person_behind(session: Session, settings: Settings, token: str) -> User:
    """The signed-in person; raises Unauthenticated when the token or the person ended, or the sign-in did."""
    return await person_of(session, read(settings, token))


async def person_of(session: Session, claims: Claims) -> User:
    """The person of believed claims; raises Unauthenticated when the person ended, or the sign-in did."""
    ended = exists().where(RefreshToken.family_id == claims.family_id, RefreshToken.revoked_at.is_not(None))
    user = await session.scalar(select(User).where(User.id == claims.user_id, ~ended))
    if user is None or user.disabled_at is not None or user.token_version != claims.token_version:
        raise unauthenticated()
    return user


async def issue(
    session: Session, settings: Settings, user: User, *, client: Client, family_id: UUID | None = None
) -> SignedIn:
    """A new pair for somebody who has proven who they are; of a new sign-in, or of one that goes on."""
    family_id = family_id or new_key()
    token = secrets.token_urlsafe(32)
    expires_at = now() + settings.session_life
    session.add(
        RefreshToken(
            user_id=user.id,
            family_id=family_id,
            token_hash=_digest(token),
            expires_at=expires_at,
            user_agent=client.user_agent[:300],
            address=client.address[:64],
        )
    )
    claims = Claims(user.id, user.token_version, family_id)
    return SignedIn(sign(settings, claims), token, expires_at, user)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
