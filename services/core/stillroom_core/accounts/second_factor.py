"""Time-based codes (RFC 6238) as a second factor, and the recovery codes for a lost phone."""

import hashlib
import secrets
import time
from dataclasses import dataclass
from uuid import UUID

import pyotp
import segno

from stillroom_core.database import Session
from stillroom_core.errors import Conflict, Invalid
from stillroom_core.members.models import User
from stillroom_core.sealing import Address, seal, unseal
from stillroom_core.tables import now

_STEP_S = 30
_RECOVERY_CODES = 10
_ISSUER = "Stillroom"


@dataclass(frozen=True)
class Setup:
    """What an authenticator application needs: the address, and the same as a picture."""

    secret: str
    uri: str
    picture: str  # a data: address of an SVG


def begin(person: User) -> Setup:
    """A new secret, which counts only once a code of it was shown; raises Conflict when one is on."""
    if person.totp_enabled_at is not None:
        raise Conflict(
            "second_factor_on",
            "The second factor is on already.",
            fix="Switch it off first to set up another device.",
        )
    secret = pyotp.random_base32()
    person.totp_sealed = seal(totp_address(person), secret)
    uri = pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=_ISSUER)
    return Setup(secret, uri, segno.make(uri, error="m").svg_data_uri(scale=4, border=2, light="white"))


def enable(person: User, code: str) -> list[str]:
    """Switches it on with a first code; gives the recovery codes, which are shown this once.

    Raises Conflict when none was begun or one is on, Invalid for a wrong code.
    """
    if person.totp_sealed is None or person.totp_enabled_at is not None:
        raise Conflict(
            "second_factor_not_begun", "Nothing is being set up.", fix="Begin again and scan the new picture."
        )
    if not _take_code(person, code):
        raise wrong_code()
    person.totp_enabled_at = now()
    codes = [_readable(secrets.token_hex(8)) for _ in range(_RECOVERY_CODES)]
    person.recovery_hashes = [_digest(one) for one in codes]
    return codes


def disable(person: User) -> None:
    """Switches it off and forgets its secret and recovery codes."""
    person.totp_sealed = person.totp_enabled_at = person.totp_last_step = None
    person.recovery_hashes = []


async def passes(session: Session, person: User, code: str) -> bool:
    """Whether a code of the device, or an unused recovery code, was shown; each counts once."""
    # Two requests with one code: the second waits here, and then finds it used.
    await session.refresh(person, with_for_update=True)
    if _take_code(person, code):
        return True
    digest = _digest(code)
    if digest not in person.recovery_hashes:
        return False
    person.recovery_hashes = [one for one in person.recovery_hashes if one != digest]
    return True


def wrong_code() -> Invalid:
    """The refusal of a code."""
    return Invalid(
        "wrong_code",
        "The code is wrong, or was used already.",
        fix="Wait for the next one. If none is right, check that the clock of the device is.",
        fields={"code": "wrong"},
    )


def _take_code(person: User, code: str) -> bool:
    """Compares with the codes of now and of one step around it, and never takes one twice."""
    digits = code.replace(" ", "")
    if person.totp_sealed is None or len(digits) != 6 or not digits.isdecimal():
        return False
    totp = pyotp.TOTP(unseal(totp_address(person), person.totp_sealed))
    step = int(time.time()) // _STEP_S
    for candidate in (step - 1, step, step + 1):
        fresh = person.totp_last_step is None or candidate > person.totp_last_step
        if fresh and secrets.compare_digest(totp.generate_otp(candidate), digits):
            person.totp_last_step = candidate
            return True
    return False


def totp_address(person: User) -> Address:
    """What the sealed secret of a second factor is bound to; it belongs to no organization."""
    return Address(UUID(int=0), person.id, "totp")


def _digest(code: str) -> str:
    # SHA-256 is enough: the codes are random, 64 bits each.
    return hashlib.sha256("".join(letter for letter in code.lower() if letter.isalnum()).encode()).hexdigest()


def _readable(code: str) -> str:
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))
