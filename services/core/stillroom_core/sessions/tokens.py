"""Access tokens: short-lived signed statements of who somebody is."""

from dataclasses import dataclass
from uuid import UUID

import jwt

from stillroom_core.errors import Unauthenticated
from stillroom_core.keys import new_key
from stillroom_core.settings import Settings
from stillroom_core.tables import now

_ALGORITHM = "HS256"
_ISSUER = "stillroom"
_AUDIENCE = "stillroom-api"


@dataclass(frozen=True)
class Claims:
    """What an access token says once it has been believed."""

    user_id: UUID
    token_version: int
    family_id: UUID


def unauthenticated() -> Unauthenticated:
    """The one answer to a missing, wrong or outdated credential."""
    return Unauthenticated(
        "unauthenticated", "You are not signed in, or your sign-in has ended.", fix="Sign in and try again."
    )


def sign(settings: Settings, claims: Claims) -> str:
    """An access token for ten minutes or whatever the installation chose."""
    issued = now()
    return jwt.encode(
        {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": str(claims.user_id),
            "ver": claims.token_version,
            "fam": str(claims.family_id),
            "jti": str(new_key()),
            "iat": issued,
            "exp": issued + settings.access_token_life,
        },
        settings.secret_key.get_secret_value(),
        algorithm=_ALGORITHM,
    )


def read(settings: Settings, token: str) -> Claims:
    """Believes a token or raises Unauthenticated; key and algorithm never come from the token itself."""
    try:
        content = jwt.decode(
            token,
            settings.secret_key.get_secret_value(),
            algorithms=[_ALGORITHM],
            issuer=_ISSUER,
            audience=_AUDIENCE,
            options={"require": ["exp", "iat", "jti", "sub", "aud", "iss", "ver", "fam"]},
        )
        return Claims(UUID(content["sub"]), int(content["ver"]), UUID(content["fam"]))
    except (jwt.InvalidTokenError, ValueError) as cause:
        raise unauthenticated() from cause
