"""Shapes of signing in."""

from pydantic import BaseModel, Field

from stillroom_api.passkeys.schemas import PasskeyAnswer
from stillroom_core.sessions.passwords import MAX_LENGTH


class SignIn(BaseModel):
    """Who, and the proof."""

    email: str = Field(min_length=3, max_length=254)
    password: str = Field(min_length=1, max_length=MAX_LENGTH, json_schema_extra={"format": "password"})
    code: str | None = Field(default=None, max_length=40, description="of the second factor, or a recovery code")
    passkey: PasskeyAnswer | None = Field(default=None, description="in place of a code")


class AccessToken(BaseModel):
    """Send it as `Authorization: Bearer`; the refresh token is in the cookie."""

    access_token: str
    expires_in: int = Field(description="seconds")
