"""What the api asks the reader about a target database, signed: an address alone must not open a database.

The reader is the process that holds the connections (docs/adr). It believes a question for half a minute, from
whoever has the installation's key, about one database or none, and with exactly this body.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import jwt

from stillroom_core.settings import Settings
from stillroom_core.tables import now

MEDIA_TYPE = "application/x-ndjson"
_ALGORITHM = "HS256"
_AUDIENCE = "stillroom-reader"
_LIFE = timedelta(seconds=30)


@dataclass(frozen=True)
class Question:
    """Which database of which organization is asked; None: about a place that is no database yet."""

    organization_id: UUID
    database_id: UUID | None


class NotBelieved(Exception):
    """The question was signed by somebody else, too long ago, or for another body."""


def sign_question(settings: Settings, question: Question, path: str, body: bytes) -> str:
    """The token that goes with the question."""
    content = {
        "aud": _AUDIENCE,
        "org": str(question.organization_id),
        "db": str(question.database_id or ""),
        "sum": _digest(path, body),
        "exp": now() + _LIFE,
    }
    return jwt.encode(content, _key(settings), algorithm=_ALGORITHM)


def read_question(settings: Settings, token: str, path: str, body: bytes) -> Question:
    """Believes a token, or raises NotBelieved."""
    try:
        content = jwt.decode(
            token,
            _key(settings),
            algorithms=[_ALGORITHM],
            audience=_AUDIENCE,
            options={"require": ["exp", "aud", "org", "db", "sum"]},
        )
        if not hmac.compare_digest(content["sum"], _digest(path, body)):
            raise NotBelieved
        return Question(UUID(content["org"]), UUID(content["db"]) if content["db"] else None)
    except (jwt.InvalidTokenError, ValueError, TypeError) as cause:
        raise NotBelieved from cause


def _digest(path: str, body: bytes) -> str:
    return hashlib.sha256(path.encode() + b"\0" + body).hexdigest()


def _key(settings: Settings) -> bytes:
    """A key of its own, so that no access token could ever be a question."""
    return hmac.digest(settings.secret_key.get_secret_value().encode(), b"questions to the reader", "sha256")
