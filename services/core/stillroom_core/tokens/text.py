"""The text of a token: stillroom_<kind>_<id>_<secret>_<check>, in base62.

The beginning is what secret scanners look for. The check tells a mistyped token from a wrong one without asking
anybody; it proves nothing.
"""

import hashlib
import secrets
import zlib
from dataclasses import dataclass
from uuid import UUID

PREFIX = "stillroom_"
_DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID, _SECRET, _CHECK = 22, 43, 6  # digits that hold 128, 256 and 32 bits
_KINDS = {"person": "pat", "service": "svc"}


@dataclass(frozen=True)
class Presented:
    """A token as it came: which row it names, and the hash that this row must have."""

    id: UUID
    hash: bytes


def new_text(kind: str, key: UUID) -> str:
    """A new token for a row; shown once."""
    body = f"{PREFIX}{_KINDS[kind]}_{_base62(key.int, _ID)}_{_base62(secrets.randbits(256), _SECRET)}"
    return f"{body}_{_check(body)}"


def is_token(text: str) -> bool:
    """Whether this means to be an API token rather than a sign-in."""
    return text.startswith(PREFIX)


def read_text(text: str) -> Presented | None:
    """What a token names; None for what can be none."""
    body, _, check = text.rpartition("_")
    parts = body.split("_")
    if len(text) > 120 or not text.isascii() or len(parts) != 4 or check != _check(body):
        return None
    number = 0
    for digit in parts[2]:
        if digit not in _DIGITS:
            return None
        number = number * 62 + _DIGITS.index(digit)
    return Presented(UUID(int=number), hash_of(text)) if number < 1 << 128 else None


def hash_of(text: str) -> bytes:
    """What is kept of a token. A slow hash is for passwords: this secret has 256 bits."""
    return hashlib.sha256(text.encode()).digest()


def _check(body: str) -> str:
    return _base62(zlib.crc32(body.encode()), _CHECK)


def _base62(number: int, digits: int) -> str:
    found = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        found = _DIGITS[digit] + found
    return found
