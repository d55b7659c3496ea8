"""Making, using, rotating and revoking API tokens."""

import hmac
import ipaddress
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy import or_, select, update

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.actors.repository import actor_in
from stillroom_core.actors.scope import FOR_TOKENS, Scope
from stillroom_core.database import Session
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import find_environment
from stillroom_core.errors import Forbidden, Invalid, Unauthenticated, not_found
from stillroom_core.keys import new_key
from stillroom_core.members.models import User
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import find_project
from stillroom_core.tables import now
from stillroom_core.tenancy import everything
from stillroom_core.tokens.models import ApiToken
from stillroom_core.tokens.repository import TokenRepository
from stillroom_core.tokens.text import hash_of, new_text, read_text

LONGEST = timedelta(days=365)
# A busy pipeline does not write a row with every request.
_NOTE_USE_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A token that somebody asks for; projects and environments by slug or id, None for all."""

    name: str
    permissions: frozenset[Permission]
    projects: Sequence[str] | None
    environments: Sequence[str] | None
    networks: Sequence[str]
    life: timedelta
    owner_id: UUID | None  # a service account; None: oneself


async def token_user(session: Session, text: str, address: str) -> tuple[User, ApiToken]:
    """The owner of a token that is good now and here; raises Unauthenticated with one answer for every other."""
    presented = read_text(text)
    async with everything(session):
        token = await session.get(ApiToken, presented.id) if presented else None
        if presented is None or token is None or not hmac.compare_digest(token.token_hash, presented.hash):
            raise refused_token()
        user = await present_owner(session, token)
        if not _allowed_from(token.networks, address):
            raise refused_token()
        # The condition is the database's: two requests at once write once.
        await session.execute(
            update(ApiToken)
            .where(
                ApiToken.id == token.id,
                or_(ApiToken.last_used_at.is_(None), ApiToken.last_used_at < now() - _NOTE_USE_EVERY),
            )
            .values(last_used_at=now(), last_used_address=address[:64])
            .execution_options(synchronize_session=False)
        )
    return user, token


async def present_owner(session: Session, token: ApiToken) -> User:
    """Whose token it is; raises Unauthenticated when the token has ended or its owner is gone."""
    user = await session.get(User, token.user_id)
    if token.revoked_at is not None or token.expires_at <= now() or user is None or user.disabled_at is not None:
        raise refused_token()
    return user


def refused_token() -> Unauthenticated:
    """The one answer to a token that is mistyped, unknown, expired, revoked, or used from elsewhere."""
    return Unauthenticated(
        "token_refused",
        "This API token is not accepted.",
        detail="It is mistyped, has expired, was revoked, or may not be used from this address.",
        fix="Check the token and the addresses that it is for, or make a new one in the organization's settings.",
    )


def scope_of(token: ApiToken) -> Scope:
    """The bounds of a token, as the actor takes them."""
    return Scope(
        token_id=token.id,
        token_name=token.name,
        permissions=frozenset(Permission(name) for name in token.permissions) & FOR_TOKENS,
        project_ids=_keys(token.project_ids),
        environment_ids=_keys(token.environment_ids),
    )


async def list_tokens(session: Session, actor: Actor) -> list[tuple[ApiToken, User]]:
    """The tokens that the actor rules over, newest first, each with its owner."""
    found = await TokenRepository(session, actor.organization_id).listing()
    return [(token, owner) for token, owner in found if rules_over(actor, token)]


async def create_token(session: Session, actor: Actor, wanted: Wanted) -> tuple[ApiToken, User, str]:
    """A new token within the actor's own rights, and its text, which nobody sees again."""
    owner, kind = await _owner(session, actor, wanted.owner_id)
    projects, environments = await _bounds(session, actor, wanted)
    key = new_key()
    text = new_text(kind, key)
    token = ApiToken(
        id=key,
        user_id=owner.id,
        kind=kind,
        name=wanted.name,
        token_hash=hash_of(text),
        project_ids=projects,
        environment_ids=environments,
        permissions=sorted(wanted.permissions),
        networks=_networks(wanted.networks),
        expires_at=now() + min(wanted.life, LONGEST),
        created_by=actor.name,
        maker_id=actor.user_id,
    )
    TokenRepository(session, actor.organization_id).add(token)
    await session.flush()
    return token, owner, text


async def bounds_of(session: Session, actor: Actor, wanted: Wanted) -> tuple[list[str] | None, list[str] | None]:
    """The ids of the projects and environments of a token that the actor may give to its owner.

    Raises Forbidden for more than the actor may do, NotFound for what they do not see.
    """
    await _owner(session, actor, wanted.owner_id)
    return await _bounds(session, actor, wanted)


async def _bounds(session: Session, actor: Actor, wanted: Wanted) -> tuple[list[str] | None, list[str] | None]:
    projects, environments = await _places(session, actor, wanted)
    _refuse_above_own_rights(actor, wanted.permissions, projects, environments)
    return (
        [str(project.id) for project in projects] if projects is not None else None,
        [str(environment.id) for environment in environments] if environments is not None else None,
    )


async def rotate_token(session: Session, actor: Actor, key: UUID) -> tuple[ApiToken, User, str]:
    """A new text for a token that is still good, for as long as the former had; the former ends at once."""
    token, owner = await find_token(session, actor, key)
    await present_owner(session, token)
    text = new_text(token.kind, token.id)
    moment = now()
    life = token.expires_at - (token.rotated_at or token.created_at)
    token.token_hash, token.rotated_at, token.expires_at = hash_of(text), moment, moment + min(life, LONGEST)
    token.maker_id = actor.user_id
    await session.flush()
    return token, owner, text


async def revoke_token(session: Session, actor: Actor, key: UUID) -> None:
    """Ends a token at once; ending it again changes nothing."""
    token, _ = await find_token(session, actor, key)
    token.revoked_at = token.revoked_at or now()


async def find_token(session: Session, actor: Actor, key: UUID) -> tuple[ApiToken, User]:
    """A token that the actor rules over; raises NotFound for every other."""
    found = await TokenRepository(session, actor.organization_id).by_id(key)
    # One that a pipeline got by a trust lives for minutes and is not shown; with the trust it ends.
    if found[0].trust_id is not None or not rules_over(actor, found[0]):
        raise not_found("token")
    return found


def rules_over(actor: Actor, token: ApiToken) -> bool:
    """Whether a token is the actor's own, or only for projects whose tokens they manage."""
    if token.user_id == actor.user_id or actor.may(Permission.TOKEN_MANAGE):
        return True
    projects = _keys(token.project_ids)
    return bool(projects) and all(actor.may(Permission.TOKEN_MANAGE, project) for project in projects or ())


def manages_tokens(actor: Actor) -> bool:
    """Whether there is any place whose tokens the actor manages."""
    return actor.may(Permission.TOKEN_MANAGE) or any(
        actor.may(Permission.TOKEN_MANAGE, grant.project_id) for grant in actor.grants
    )


async def _owner(session: Session, actor: Actor, owner_id: UUID | None) -> tuple[User, str]:
    if owner_id is None or owner_id == actor.user_id:
        return await session.get_one(User, actor.user_id), "person"
    owner = await TokenRepository(session, actor.organization_id).service_account(owner_id)
    # Else a token would do through a stronger account what its maker may not.
    reach = await actor_in(session, owner, key=actor.organization_id)
    if not actor.may(Permission.TOKEN_MANAGE) and not all(
        actor.may(Permission.TOKEN_MANAGE, grant.project_id) for grant in reach.grants
    ):
        raise not_found("service account")
    return owner, "service"


async def _places(
    session: Session, actor: Actor, wanted: Wanted
) -> tuple[list[Project] | None, list[Environment] | None]:
    projects = [await find_project(session, actor, name) for name in wanted.projects] if wanted.projects else None
    if not wanted.environments:
        return projects, None
    if projects is None or len(projects) != 1:
        raise Invalid(
            "environments_of_one_project",
            "Environments can be chosen within one project.",
            fix="Choose one project, or leave the environments out.",
            fields={"environments": "need exactly one project"},
        )
    return projects, [await find_environment(session, actor, projects[0], name) for name in wanted.environments]


def _refuse_above_own_rights(
    actor: Actor,
    permissions: Collection[Permission],
    projects: list[Project] | None,
    environments: list[Environment] | None,
) -> None:
    if unknown := sorted(set(permissions) - FOR_TOKENS):
        raise Invalid(
            "not_for_tokens",
            "A token cannot be given this.",
            detail=", ".join(unknown),
            fix="Leave it out: it is for people who sign in.",
            fields={"permissions": "not for tokens"},
        )
    places = [project.id for project in projects] if projects is not None else [None]
    stages: list[Environment | None] = [*environments] if environments else [None]
    for place in places:
        actor.check(Permission.TOKEN_MANAGE, place)
        for environment in stages:
            missing = sorted(set(permissions) - replace(actor, scope=None).permissions(place, environment))
            if missing:
                raise Forbidden(
                    "beyond_own_rights",
                    "A token cannot be given more than you may do yourself.",
                    detail=", ".join(missing),
                    fix="Leave these permissions out, or ask somebody who has them.",
                    params={"permission": missing[0]},
                )


def _networks(given: Sequence[str]) -> list[str]:
    found = []
    for text in given:
        try:
            found.append(str(ipaddress.ip_network(text.strip(), strict=False)))
        except ValueError as cause:
            raise Invalid(
                "bad_network",
                "This is no address and no network.",
                detail=text[:100],
                fix="Enter addresses like 203.0.113.7 or networks like 203.0.113.0/24.",
                fields={"networks": "not CIDR"},
            ) from cause
    return found


def _allowed_from(networks: Sequence[str], address: str) -> bool:
    if not networks:
        return True
    try:
        given = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(given, ipaddress.IPv6Address) and given.ipv4_mapped is not None:
        given = given.ipv4_mapped
    return any(given in ipaddress.ip_network(network) for network in networks)


def _keys(given: Sequence[str] | None) -> frozenset[UUID] | None:
    return frozenset(UUID(one) for one in given) if given is not None else None


async def token_by_id(session: Session, key: UUID) -> ApiToken | None:
    """A token of any organization, for a stream that was opened with it."""
    async with everything(session):
        found: ApiToken | None = await session.scalar(select(ApiToken).where(ApiToken.id == key))
        return found
