"""What a device answers, read and verified: a new passkey, or the use of a known one.

Every answer must come from our own origin, for our own name, to a challenge of ours, and from a device that has
checked that it is its person (a fingerprint, a face, a PIN). That check is why a passkey counts as both factors.
"""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import SplitResult, urlsplit

import structlog
import webauthn
from redis.asyncio import Redis
from sqlalchemy import select
from webauthn.helpers import base64url_to_bytes, parse_client_data_json
from webauthn.registration.verify_registration_response import VerifiedRegistration

from stillroom_core.database import Session
from stillroom_core.errors import Conflict, Invalid
from stillroom_core.members.models import User
from stillroom_core.passkeys.challenges import take_for_sign_in
from stillroom_core.passkeys.models import Passkey
from stillroom_core.settings import Settings
from stillroom_core.tables import now

log = structlog.get_logger()

Answer = Mapping[str, Any]  # a PublicKeyCredential as its toJSON() gives it
_LONGEST_ID = 1023
_DEFAULT_PORTS = {"https": 443, "http": 80}
_Made = TypeVar("_Made")


@dataclass(frozen=True)
class Party:
    """Who we are to a device: the host that a passkey belongs to, and the origin that may ask for it."""

    id: str
    origin: str


def find_party(settings: Settings) -> Party | None:
    """From the public address; None where browsers give no passkeys: for an IP address, or without https."""
    address = urlsplit(settings.public_url)
    host = address.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        local = host == "localhost" or host.endswith(".localhost")
        secure = address.scheme == "https" or local
        return Party(host, _origin(address)) if host and secure else None
    return None


def _origin(address: SplitResult) -> str:
    """As a browser writes it."""
    usual = address.port in (None, _DEFAULT_PORTS.get(address.scheme))
    return f"{address.scheme}://{address.hostname}" + ("" if usual else f":{address.port}")


def party_of(settings: Settings) -> Party:
    """The same; raises Conflict where there is none."""
    found = find_party(settings)
    if found is None:
        raise Conflict(
            "passkeys_impossible",
            "Passkeys cannot be used at this address.",
            detail="Browsers allow them for a host name with https, and for localhost.",
            fix="Ask the operator to serve Stillroom there and to set STILLROOM_PUBLIC_URL.",
        )
    return found


def challenge_in(party: Party, answer: Answer) -> bytes:
    """The challenge that an answer is to; raises Invalid for an answer of another origin, or none at all."""
    try:
        told = parse_client_data_json(base64url_to_bytes(answer["response"]["clientDataJSON"]))
        challenge, origin = bytes(told.challenge), str(told.origin)
    except Exception as cause:  # noqa: BLE001 - a stranger's bytes may fail to be read in any way
        raise _refused(cause) from None
    if origin != party.origin or told.cross_origin:
        raise Invalid(
            "passkey_origin",
            "The passkey was used at another address than Stillroom's.",
            detail=f"Stillroom is at {party.origin}.",
            fix="Open Stillroom at its own address. If this is it, its operator has to set STILLROOM_PUBLIC_URL.",
        )
    return challenge


def credential_id_in(answer: Answer) -> bytes:
    """Which passkey answered; raises Invalid when it does not say."""
    try:
        found = base64url_to_bytes(answer["rawId"])
    except Exception as cause:  # noqa: BLE001 - as above
        raise _refused(cause) from None
    if not 0 < len(found) <= _LONGEST_ID:
        raise _refused(None)
    return found


def verify_new(party: Party, challenge: bytes, answer: Answer) -> VerifiedRegistration:
    """A new passkey; raises Invalid."""
    made = _verified(
        lambda: webauthn.verify_registration_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
        )
    )
    if not made.user_verified:
        raise _unverified()
    if len(made.credential_id) > _LONGEST_ID:
        raise _refused(None)
    return made


async def find_passkey(session: Session, credential_id: bytes) -> tuple[Passkey, User] | None:
    """The passkey, held until the transaction ends, and whose it is."""
    found = await session.scalar(select(Passkey).where(Passkey.credential_id == credential_id).with_for_update())
    return None if found is None else (found, await session.get_one(User, found.user_id))


async def has_passkeys(session: Session, person: User) -> bool:
    """Whether the person has any."""
    return bool(await session.scalar(select(Passkey.id).where(Passkey.user_id == person.id).limit(1)))


async def use(session: Session, redis: "Redis", settings: Settings, answer: Answer) -> tuple[Passkey, User]:
    """Who answered a challenge for signing in; raises Invalid unless everything about the answer is right."""
    party = party_of(settings)
    challenge = challenge_in(party, answer)
    await take_for_sign_in(redis, challenge)
    found = await find_passkey(session, credential_id_in(answer))
    if found is None:
        raise unknown_passkey()
    passkey, person = found
    used = _verified(
        lambda: webauthn.verify_authentication_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=party.origin,
            credential_public_key=passkey.public_key,
            credential_current_sign_count=0,  # judged below, with words of its own
        )
    )
    if not _is_handle_of(person, answer):
        raise unknown_passkey()
    if not used.user_verified:
        raise _unverified()
    if (used.new_sign_count or passkey.sign_count) and used.new_sign_count <= passkey.sign_count:
        raise Invalid(
            "passkey_counted_back",
            "This passkey may have been copied.",
            detail="Its device counts fewer uses than it did before.",
            fix="Sign in another way, remove this passkey in your account, and add a new one.",
        )
    passkey.sign_count, passkey.backed_up, passkey.last_used_at = used.new_sign_count, used.credential_backed_up, now()
    return passkey, person


def unknown_passkey() -> Invalid:
    """For one that belongs to no account, and in place of another person's."""
    return Invalid(
        "passkey_unknown",
        "This passkey belongs to no account here.",
        detail="It may have been removed from the account.",
        fix="Sign in another way, and remove it from your device.",
    )


def _is_handle_of(person: User, answer: Answer) -> bool:
    """Whose the device thinks the passkey is; one that was found by itself always says it (WebAuthn §7.2, step 6)."""
    handle = answer["response"].get("userHandle")
    return handle is not None and base64url_to_bytes(handle) == person.id.bytes


def _verified(verifying: Callable[[], _Made]) -> _Made:
    try:
        return verifying()
    except Exception as cause:  # noqa: BLE001 - the library's own errors, and those of what it reads with
        raise _refused(cause) from None


def _refused(cause: Exception | None) -> Invalid:
    log.info("passkey.refused", cause=type(cause).__name__, why=str(cause)[:200])
    return Invalid(
        "passkey_refused",
        "The passkey's answer was not accepted.",
        detail="It was made for another address, changed on the way, or made by another key.",
        fix="Begin again. If it happens again, sign in another way and add the passkey anew.",
    )


def _unverified() -> Invalid:
    return Invalid(
        "passkey_unverified",
        "The device did not check that it is you.",
        fix="Set a PIN, a fingerprint or a face up on the device, and try again.",
    )
