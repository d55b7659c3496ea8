"""Challenges: each is answered once, within minutes, for what it was made for; kept in Valkey for every api process.

A challenge is its own key: only whoever was given it, and the device that they asked, know it.
"""

import json
import secrets
from datetime import timedelta
from typing import Any
from uuid import UUID

from redis.asyncio import Redis

from stillroom_core.errors import Invalid

# Longer than a person needs for their device; WebAuthn §15.1 recommends 5 to 10 minutes.
LIFE = timedelta(minutes=5)
_BYTES = 32  # WebAuthn §13.4.3: at least 16


async def for_adding(redis: "Redis", person_id: UUID, family_id: UUID) -> bytes:
    """A challenge for a new passkey of this person, in this sign-in of theirs."""
    return await _make(redis, "add", {"person": str(person_id), "session": str(family_id)})


async def for_sign_in(redis: "Redis") -> bytes:
    """A challenge for whoever signs in: the answer says who."""
    return await _make(redis, "sign-in", {})


async def take_for_adding(redis: "Redis", challenge: bytes, person_id: UUID, family_id: UUID) -> None:
    """Uses it up; raises Invalid unless it was made for this person in this sign-in."""
    if await _take(redis, "add", challenge) != {"person": str(person_id), "session": str(family_id)}:
        raise _ended()


async def take_for_sign_in(redis: "Redis", challenge: bytes) -> None:
    """Uses it up; raises Invalid for one that was used, is too old, or was never given."""
    if await _take(redis, "sign-in", challenge) is None:
        raise _ended()


async def _make(redis: "Redis", purpose: str, bound: dict[str, str]) -> bytes:
    challenge = secrets.token_bytes(_BYTES)
    await redis.set(_key(purpose, challenge), json.dumps(bound), ex=LIFE)
    return challenge


async def _take(redis: "Redis", purpose: str, challenge: bytes) -> Any:
    stored = await redis.getdel(_key(purpose, challenge)) if len(challenge) == _BYTES else None
    return None if stored is None else json.loads(stored)


def _key(purpose: str, challenge: bytes) -> str:
    return f"passkey:{purpose}:{challenge.hex()}"


def _ended() -> Invalid:
    return Invalid(
        "passkey_ended",
        "This answer of a passkey came too late, or was used already.",
        fix="Begin again.",
    )
