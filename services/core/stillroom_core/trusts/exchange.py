"""Exchanging an identity token for a token of ours.

Whatever is wrong, the answer is the same: who asks learns neither whether there is such a trust nor what it asks for.
The log says what it was.
"""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn
from uuid import UUID

import jwt
import structlog
from sqlalchemy import delete, func, update
from sqlalchemy.dialects.postgresql import insert

from stillroom_core.actors.repository import actor_in
from stillroom_core.audit.service import Subject, record
from stillroom_core.database import Database, Session
from stillroom_core.errors import StillroomError, Unauthenticated
from stillroom_core.keys import new_key
from stillroom_core.members.models import User
from stillroom_core.settings import Settings
from stillroom_core.tables import now
from stillroom_core.tenancy import everything
from stillroom_core.tokens.models import ApiToken
from stillroom_core.tokens.text import hash_of, new_text
from stillroom_core.trusts.claims import matches
from stillroom_core.trusts.keys import NoKeys, key_of
from stillroom_core.trusts.models import Trust

log = structlog.get_logger()

LONGEST = 16 * 1024
# By the kind of key: an HMAC "signed" with a public key, and none at all, are not among them.
_ALGORITHMS = {"RSA": ["RS256", "RS384", "RS512", "PS256"], "EC": ["ES256", "ES384"]}
_ALLOWED = frozenset(name for names in _ALGORITHMS.values() for name in names)
_LEEWAY = timedelta(seconds=30)
_SMALLEST_RSA = 2048
# What was exchanged is remembered for longer than an identity token may live.
_LONGEST_LIFE = timedelta(hours=24)
# Told in the audit log of who got a token; others may be anything.
_TOLD = ("sub", "repository", "ref", "environment", "workflow_ref", "run_id", "project_path", "pipeline_id", "job_id")


@dataclass(frozen=True)
class Exchanged:
    """A token of ours, for a while."""

    token: ApiToken
    text: str


async def exchange(database: Database, session: Session, settings: Settings, trust_id: UUID, given: str) -> Exchanged:
    """A token for a pipeline that has proved who it is; raises Unauthenticated for every other."""
    async with database.everything() as other:
        trust = await other.get(Trust, trust_id)
    if trust is None:
        _refuse("unknown_trust")
    # Before any row is locked: the issuer may be slow.
    content = await _proven(database, settings, trust, given)
    if not matches(trust.claims, content):
        _refuse("claims", trust)
    async with everything(session):
        account = await session.get(User, trust.user_id)
        if account is None or account.disabled_at is not None:
            _refuse("account", trust)
    try:
        actor = await actor_in(session, account, key=trust.organization_id)
    except StillroomError:
        _refuse("account", trust)
    exchanged = await _issue(session, trust, content, given)
    told = {name: str(content[name])[:300] for name in _TOLD if name in content}
    subject = Subject(kind="token", id=str(exchanged.token.id), name=exchanged.token.name)
    record(session, actor, "token.exchange", subject, after={"trust": trust.name, "claims": told})
    return exchanged


async def _proven(database: Database, settings: Settings, trust: Trust, given: str) -> dict[str, Any]:
    """The claims of a token whose signature, issuer, audience and times hold."""
    try:
        header = jwt.get_unverified_header(given)
    except jwt.InvalidTokenError:
        _refuse("malformed", trust)
    kid, algorithm = header.get("kid"), header.get("alg")
    if not isinstance(kid, str) or not isinstance(algorithm, str) or algorithm not in _ALLOWED:
        _refuse("algorithm", trust)
    try:
        key = await key_of(database, settings, trust, kid)
    except NoKeys:
        _refuse("keys", trust)
    if key is None:
        _refuse("unknown_key", trust)
    try:
        public = jwt.PyJWK(key, algorithm=algorithm)
        if key["kty"] == "RSA" and public.key.key_size < _SMALLEST_RSA:
            _refuse("weak_key", trust)
        content: dict[str, Any] = jwt.decode(
            given,
            public.key,
            algorithms=_ALGORITHMS[key["kty"]],
            audience=trust.audience,
            issuer=trust.issuer,
            leeway=_LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as cause:
        _refuse(type(cause).__name__, trust)
    if content["exp"] > (now() + _LONGEST_LIFE).timestamp():
        _refuse("lives_too_long", trust)
    return content


async def _issue(session: Session, trust: Trust, content: dict[str, Any], given: str) -> Exchanged:
    """Each identity token gives one token: its id, or else itself, is remembered with that."""
    identity = content.get("jti") if isinstance(content.get("jti"), str) else given
    key = new_key()
    text = new_text("service", key)
    run = content.get("run_id") or content.get("job_id") or content.get("pipeline_id")
    name = f"{trust.name} · {run}" if isinstance(run, str | int) else trust.name
    moment = now()
    made = await session.scalar(
        insert(ApiToken)
        .values(
            id=key,
            organization_id=trust.organization_id,
            user_id=trust.user_id,
            trust_id=trust.id,
            identity_hash=hashlib.sha256(f"{trust.issuer}\0{identity}".encode()).digest(),
            kind="service",
            name="".join(letter for letter in name if letter.isprintable())[:200],
            token_hash=hash_of(text),
            project_ids=trust.project_ids,
            environment_ids=trust.environment_ids,
            permissions=trust.permissions,
            networks=[],
            expires_at=moment + timedelta(minutes=trust.life_minutes),
            created_by=trust.name,
        )
        .on_conflict_do_nothing(index_elements=["organization_id", "identity_hash"])
        .returning(ApiToken)
    )
    if made is None:
        _refuse("used_before", trust)
    await session.execute(update(Trust).where(Trust.id == trust.id).values(last_used_at=func.clock_timestamp()))
    return Exchanged(made, text)


def _refuse(why: str, trust: Trust | None = None) -> NoReturn:
    log.info("identity.refused", why=why, trust=str(trust.id) if trust else None)
    raise Unauthenticated(
        "identity_refused",
        "This identity token is not accepted.",
        detail="There is no such trust, or the token is not from its issuer, not for its audience, has expired, was "
        "used before, or lacks a claim that is asked for.",
        fix="Compare the pipeline's claims with the trust in the organization's settings. The log of the api says why.",
    )


async def forget_exchanged(session: Session) -> None:
    """Removes exchanged tokens two days after their end, by when no identity token of theirs can come again."""
    ended = ApiToken.expires_at < func.now() - timedelta(days=2)
    await session.execute(delete(ApiToken).where(ApiToken.trust_id.is_not(None), ended))
