"""Secrets at rest: AES-256-GCM, bound to the organization, row and field where they belong.

A sealed value is `version ‖ key id ‖ nonce ‖ ciphertext`. The address (organization, row, field) is
authenticated with it, so a ciphertext that somebody moves to another row does not open.
Keys rotate: the first configured key seals, every configured key opens.
"""

import os
from collections import deque
from dataclasses import dataclass
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from stillroom_core.errors import Unavailable
from stillroom_core.masking import hide
from stillroom_core.settings import get_settings, parse_sealing_keys

_VERSION = b"\x01"
_NONCE_BYTES = 12  # NIST SP 800-38D: 96-bit nonces


# Places where a value stood that was not sealed for them, until the audit log was told (audit/tampering.py).
found_misplaced: "deque[Address]" = deque(maxlen=100)


@dataclass(frozen=True)
class Address:
    """Where a secret belongs."""

    organization_id: UUID
    row_id: UUID
    field: str

    def bound_to(self, key_id: str) -> bytes:
        """The authenticated data: nothing secret, but any change of it makes opening fail."""
        return f"{self.organization_id}|{self.row_id}|{self.field}|{key_id}".encode()


def _keys() -> list[tuple[str, bytes]]:
    return parse_sealing_keys(get_settings().sealing_keys.get_secret_value())


def seal(address: Address, value: str) -> bytes:
    """Seals `value` for its address with the newest key."""
    key_id, key = _keys()[0]
    nonce = os.urandom(_NONCE_BYTES)
    encrypted = AESGCM(key).encrypt(nonce, value.encode(), address.bound_to(key_id))
    return _VERSION + bytes([len(key_id)]) + key_id.encode() + nonce + encrypted


def unseal(address: Address, sealed: bytes) -> str:
    """Opens a sealed value, which is masked from now on in what the present work writes.

    Raises Unavailable when the key is gone or the value was moved or changed.
    """
    length = sealed[1]
    key_id = sealed[2 : 2 + length].decode()
    rest = sealed[2 + length :]
    key = dict(_keys()).get(key_id)
    if sealed[:1] != _VERSION or key is None:
        raise Unavailable(
            "sealing_key_missing",
            "A stored secret was sealed with a key that this installation no longer has.",
            fix="Add the former key to STILLROOM_SEALING_KEYS, or enter the secret again.",
        )
    try:
        opened = AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], address.bound_to(key_id))
    except InvalidTag as cause:
        found_misplaced.append(address)
        raise Unavailable(
            "sealed_value_changed",
            "A stored secret does not belong to the place where it was found.",
            fix="Enter the secret again and look into the audit log for who changed the row.",
        ) from cause
    value = opened.decode()
    hide(value)
    return value


def key_of(sealed: bytes) -> str:
    """The id of the key that a value is under."""
    return sealed[2 : 2 + sealed[1]].decode("ascii", "replace")


def newest_key() -> str:
    """The id of the key that seals."""
    return _keys()[0][0]
