"""The public keys of an issuer: found by its discovery document, bounded, and kept for every process."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import func, or_, update

from stillroom_core.database import Database
from stillroom_core.outbound.addresses import operator_networks
from stillroom_core.outbound.http import NotReached, ask_for_object
from stillroom_core.settings import Settings
from stillroom_core.tables import now
from stillroom_core.trusts.models import Trust

log = structlog.get_logger()

# A key that an issuer withdrew is believed no longer than this; one that it added is looked for at once, but an
# unknown key id must not make us ask more often than that.
FRESH, AGAIN = timedelta(hours=1), timedelta(seconds=30)
# While the issuer does not answer, what was fetched stays good for so long.
OUTAGE = timedelta(hours=24)
_WITHIN = timedelta(seconds=5)
_DISCOVERY_BYTES, _KEYS_BYTES, _MOST_KEYS = 64 * 1024, 256 * 1024, 50
_KEPT = frozenset({"kty", "kid", "alg", "use", "n", "e", "crv", "x", "y"})


class NoKeys(Exception):
    """The issuer's keys cannot be had."""


async def key_of(database: Database, settings: Settings, trust: Trust, kid: str) -> dict[str, Any] | None:
    """The public key of this id; None where the issuer has none. Raises NoKeys where the issuer does not say."""
    found = _find(trust.jwks, kid)
    age = now() - trust.jwks_fetched_at if trust.jwks_fetched_at else None
    if found is not None and age is not None and age < FRESH:
        return found
    if not await _may_ask(database, trust.id):
        return found if age is not None and age < OUTAGE else None
    try:
        keys = await fetch_keys(settings, trust.issuer)
    except NoKeys as failure:
        log.warning("trust.keys_unreachable", trust=str(trust.id), cause=str(failure))
        if found is not None and age is not None and age < OUTAGE:
            return found
        raise
    async with database.transaction(trust.organization_id) as session:
        await session.execute(
            update(Trust).where(Trust.id == trust.id).values(jwks=keys, jwks_fetched_at=func.clock_timestamp())
        )
    return _find(keys, kid)


async def fetch_keys(settings: Settings, issuer: str) -> list[dict[str, Any]]:
    """What the issuer publishes, of what can verify a signature; raises NoKeys."""
    document = await _get(settings, f"{issuer.rstrip('/')}/.well-known/openid-configuration", _DISCOVERY_BYTES)
    if document.get("issuer") != issuer:
        raise NoKeys("another_issuer")
    where = document.get("jwks_uri")
    if not isinstance(where, str):
        raise NoKeys("no_jwks_uri")
    keys = (await _get(settings, where, _KEYS_BYTES)).get("keys")
    if not isinstance(keys, list):
        raise NoKeys("no_keys")
    return [_public(key) for key in keys[:_MOST_KEYS] if _usable(key)]


async def _may_ask(database: Database, key: UUID) -> bool:
    """Whether it is this process's turn to ask the issuer; nobody asks again within a while."""
    async with database.everything() as session:
        turn = await session.scalar(
            update(Trust)
            .where(
                Trust.id == key,
                or_(Trust.jwks_asked_at.is_(None), Trust.jwks_asked_at < func.clock_timestamp() - AGAIN),
            )
            .values(jwks_asked_at=func.clock_timestamp())
            .returning(Trust.id)
        )
    return turn is not None


async def _get(settings: Settings, url: str, most: int) -> Mapping[str, Any]:
    try:
        return await ask_for_object("GET", url, networks=operator_networks(settings), most=most, within=_WITHIN)
    except NotReached as failure:
        raise NoKeys(failure.code) from None


def _find(keys: list[dict[str, Any]] | None, kid: str) -> dict[str, Any] | None:
    return next((key for key in keys or [] if key.get("kid") == kid), None)


def _usable(key: Any) -> bool:
    return (
        isinstance(key, dict)
        and key.get("kty") in ("RSA", "EC")
        and key.get("use") in (None, "sig")
        and isinstance(key.get("kid"), str)
        and 0 < len(key["kid"]) <= 200
    )


def _public(key: dict[str, Any]) -> dict[str, Any]:
    """Without what verifies nothing, such as a private part that somebody published."""
    return {name: value for name, value in key.items() if name in _KEPT and isinstance(value, str)}
