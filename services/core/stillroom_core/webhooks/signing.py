"""Signing what is sent, as Standard Webhooks 1.0 has it (standardwebhooks.com), so that libraries exist to check it.

The signature is HMAC-SHA256 over `<id>.<timestamp>.<body>` with the bytes behind `whsec_`, in base64 after `v1,`.
"""

import base64
import hashlib
import hmac
import secrets

_PREFIX = "whsec_"
_BYTES = 32


def new_secret() -> str:
    """A secret as people copy it."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(_BYTES)).decode()


def headers_of(secret: str, key: str, timestamp: int, body: bytes) -> dict[str, str]:
    """What goes with a body: its id, its moment in seconds since 1970, and the signature over all three."""
    content = f"{key}.{timestamp}.".encode() + body
    mark = hmac.digest(base64.b64decode(secret.removeprefix(_PREFIX)), content, hashlib.sha256)
    return {
        "webhook-id": key,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(mark).decode()}",
    }
