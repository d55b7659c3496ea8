"""A browser and a security key in software: real keys, real attestations, real signatures (W3C Web Authentication)."""

import base64
import hashlib
import json
import os
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

_PRESENT, _VERIFIED, _MAY_BE_BACKED_UP, _BACKED_UP, _ATTESTED = 0x01, 0x04, 0x08, 0x10, 0x40


def encoded(content: bytes) -> str:
    """base64url without padding, as the standard's JSON has it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """The bytes of that."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Kept:
    """One passkey on the device."""

    id: bytes
    key: ec.EllipticCurvePrivateKey
    rp_id: str
    handle: bytes
    uses: int = 0


@dataclass
class Authenticator:
    """A device with passkeys, in a browser that stands on `origin`."""

    origin: str
    verifies: bool = True  # it checks that its person is there: a PIN, a finger
    backed_up: bool = False
    counts: bool = True  # many passkeys of password managers always say 0
    kept: list[Kept] = field(default_factory=list)

    def create(self, options: Mapping[str, Any], *, origin: str | None = None, rp_id: str | None = None) -> Any:
        """navigator.credentials.create(), as JSON."""
        rp = rp_id or options["rp"]["id"]
        made = Kept(os.urandom(32), ec.generate_private_key(ec.SECP256R1()), rp, decoded(options["user"]["id"]))
        self.kept.append(made)
        numbers = made.key.public_key().public_numbers()
        # RFC 9052 §7: key type EC2, algorithm ES256, curve P-256.
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        attested = bytes(16) + struct.pack(">H", len(made.id)) + made.id + public
        told = self._told(made, attested=attested)
        return self._answer(
            made,
            clientDataJSON=self._client_data("webauthn.create", options, origin),
            attestationObject=encoded(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": told})),
            transports=["usb", "nfc", "made-up"],
        )

    def get(
        self,
        options: Mapping[str, Any],
        *,
        used: Kept | None = None,
        origin: str | None = None,
        rp_id: str | None = None,
        handle: bytes | None = None,
    ) -> Any:
        """navigator.credentials.get() with the passkey `used`, else the newest one, as JSON."""
        used = used or self.kept[-1]
        used.uses += 1 if self.counts else 0
        told = self._told(used, rp_id=rp_id)
        client_data = self._client_data("webauthn.get", options, origin)
        signed = told + hashlib.sha256(decoded(client_data)).digest()
        return self._answer(
            used,
            clientDataJSON=client_data,
            authenticatorData=encoded(told),
            signature=encoded(used.key.sign(signed, ec.ECDSA(hashes.SHA256()))),
            userHandle=encoded(handle or used.handle),
        )

    def _told(self, passkey: Kept, *, attested: bytes = b"", rp_id: str | None = None) -> bytes:
        """Authenticator data (§6.1): for whom, in which way, how often."""
        flags = _PRESENT | (_VERIFIED if self.verifies else 0) | (_ATTESTED if attested else 0)
        flags |= _MAY_BE_BACKED_UP | _BACKED_UP if self.backed_up else 0
        return (
            hashlib.sha256((rp_id or passkey.rp_id).encode()).digest()
            + struct.pack(">BI", flags, passkey.uses)
            + attested
        )

    def _client_data(self, kind: str, options: Mapping[str, Any], origin: str | None) -> str:
        told = {"type": kind, "challenge": options["challenge"], "origin": origin or self.origin, "crossOrigin": False}
        return encoded(json.dumps(told).encode())

    def _answer(self, passkey: Kept, **response: Any) -> Any:
        key = encoded(passkey.id)
        return {
            "id": key,
            "rawId": key,
            "type": "public-key",
            "authenticatorAttachment": "cross-platform",
            "clientExtensionResults": {},
            "response": response,
        }
