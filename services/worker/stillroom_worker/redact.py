"""Takes known secrets out of a job's output by value.

This is courtesy, not protection: code that means harm can spell a secret in any way. The protection is that
the database's password never enters the job.
"""

import base64
import re
from collections.abc import Iterable
from urllib.parse import quote, quote_plus

MASK = "•••"
_SHORTEST = 6  # shorter values would mask ordinary words


class Redactor:
    """Masks values in every spelling that programs commonly print."""

    def __init__(self, secrets: Iterable[str]) -> None:
        spellings: set[str] = set()
        for secret in secrets:
            if len(secret) >= _SHORTEST:
                spellings |= _spellings(secret)
                spellings |= {line for line in secret.splitlines() if len(line) >= _SHORTEST * 2}
        ordered = sorted(spellings, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __repr__(self) -> str:
        return "Redactor()"

    def __call__(self, text: str) -> str:
        """The text with every known secret masked."""
        return self._pattern.sub(MASK, text) if self._pattern else text


def _spellings(secret: str) -> set[str]:
    raw = secret.encode()
    found = {secret, quote(secret, safe=""), quote_plus(secret), raw.hex()}
    found.add(secret.replace("\\", "\\\\").replace('"', '\\"'))
    # base64 of a text depends on where in a group of three bytes the secret begins.
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + raw).decode().rstrip("=")
        start = (offset * 8 + 5) // 6
        kept = encoded[start : len(encoded) - 1]
        if len(kept) >= _SHORTEST * 2:
            found.add(kept)
    return found
