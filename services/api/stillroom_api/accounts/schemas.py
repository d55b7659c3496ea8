"""Shapes of accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, Field

from stillroom_api.projects.schemas import Name
from stillroom_core.accounts.models import AccountEvent
from stillroom_core.sessions.passwords import MAX_LENGTH


def _short(email: str) -> str:
    if len(email) > 254:
        raise ValueError("an address has at most 254 characters")
    return email


Email = Annotated[EmailStr, AfterValidator(_short)]
Password = Annotated[str, Field(min_length=1, max_length=MAX_LENGTH, json_schema_extra={"format": "password"})]
Locale = Literal["en", "ru"]
Token = Annotated[str, Field(min_length=1, max_length=200)]
Code = Annotated[str, Field(min_length=6, max_length=40)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Options(BaseModel):
    """What this installation offers to who is not signed in."""

    sign_up: bool = Field(description="whether everybody may open an account")
    mail: bool = Field(description="whether letters can be sent; without, a forgotten password needs an administrator")
    sso: bool = Field(description="whether some organization signs its people in with its own identity provider")
    passkeys: bool = Field(description="whether browsers give passkeys at this installation's address")
    outbox: bool = Field(description="whether letters are kept on this development installation, at /outbox")


class SignUp(_Strict):
    """Who wants an account."""

    email: Email
    name: Name
    password: Password
    locale: Locale | None = None


class EmailOnly(_Strict):
    """An address that a letter goes to."""

    email: Email
    locale: Locale | None = None


class TokenOnly(_Strict):
    """The secret of a link."""

    token: Token


class Reset(TokenOnly):
    """A new password by a link of a letter."""

    password: Password


class PasswordChange(_Strict):
    """The present password and the new one."""

    current: Password
    new: Password


class EmailChange(_Strict):
    """The present password and the new address."""

    current: Password
    email: Email


class PasswordOnly(_Strict):
    """The present password, for what a borrowed screen must not do."""

    current: Password


class CodeOnly(_Strict):
    """A code of the second factor."""

    code: Code


class SecondFactorSetup(BaseModel):
    """What an authenticator application scans, or has typed into it."""

    secret: str
    uri: str
    picture: str = Field(description="a data: address of an SVG")


class RecoveryCodes(BaseModel):
    """Shown this once; each signs in one time in place of a code."""

    codes: list[str]


class SignIn(BaseModel):
    """One place where somebody is signed in."""

    id: UUID
    current: bool
    address: str
    user_agent: str
    began_at: datetime
    last_used_at: datetime


class SignIns(BaseModel):
    """Everywhere that I am signed in, the last used first."""

    items: list[SignIn]


class AccountEventRead(BaseModel):
    """Something that happened to an account."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    at: datetime = Field(validation_alias="created_at")
    action: str = Field(description="account.verb")
    outcome: str = Field(description="done; refused; found: what the service came upon")
    reason: str | None
    address: str
    user_agent: str
    details: dict[str, Any]


class AccountEvents(BaseModel):
    """A page of them, newest first."""

    items: list[AccountEventRead]
    next_before: UUID | None

    @classmethod
    def page(cls, found: Sequence[AccountEvent], limit: int) -> "AccountEvents":
        """From one more than the page holds."""
        shown = found[:limit]
        return cls(
            items=[AccountEventRead.model_validate(event) for event in shown],
            next_before=shown[-1].id if len(found) > limit else None,
        )


class SecurityRead(BaseModel):
    """How an account is protected."""

    second_factor: bool
    recovery_codes_left: int
    password_changed_at: datetime | None
