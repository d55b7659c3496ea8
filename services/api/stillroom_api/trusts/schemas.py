"""Shapes of trusts and of the exchange."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from stillroom_core.actors.permissions import Permission
from stillroom_core.members.models import User
from stillroom_core.trusts.exchange import LONGEST
from stillroom_core.trusts.models import Trust

Names = Annotated[list[Annotated[str, Field(max_length=63)]], Field(max_length=100)]


class Claim(BaseModel):
    """A claim that an identity token must have; * in the pattern stands for anything."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Annotated[str, Field(min_length=1, max_length=100)]
    pattern: Annotated[str, Field(min_length=1, max_length=300)]


class TrustNew(BaseModel):
    """A trust to make, or the whole of what one is to become."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Annotated[str, Field(min_length=1, max_length=200)]
    account: UUID = Field(description="the service account whose rights bound the tokens")
    issuer: Annotated[str, Field(min_length=8, max_length=500, description="exactly as the identity tokens name it")]
    audience: Annotated[str, Field(min_length=1, max_length=500)]
    claims: Annotated[list[Claim], Field(min_length=1, max_length=20)]
    permissions: Annotated[frozenset[Permission], Field(min_length=1)]
    projects: Names | None = None
    environments: Names | None = None
    life_minutes: Annotated[int, Field(ge=1, le=60)] = 30

    def content(self) -> dict[str, Any]:
        """As the service takes it."""
        return {**self.model_dump(), "projects": self.projects or None, "environments": self.environments or None}


class TrustedAccount(BaseModel):
    """The service account that the tokens act as."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str


class TrustRead(BaseModel):
    """A trust; nothing of it is secret."""

    id: UUID
    name: str
    account: TrustedAccount
    issuer: str
    audience: str
    claims: list[Claim]
    permissions: list[str]
    project_ids: list[UUID] | None
    environment_ids: list[UUID] | None
    life_minutes: int
    last_used_at: datetime | None
    created_at: datetime
    created_by: str

    @classmethod
    def of(cls, trust: Trust, account: User) -> "TrustRead":
        """From the rows."""
        found = {name: getattr(trust, name) for name in cls.model_fields if name != "account"}
        return cls.model_validate({**found, "account": TrustedAccount.model_validate(account)})


class Trusts(BaseModel):
    """The organization's trusts, the newest first."""

    items: list[TrustRead]
    audience: str = Field(description="what a new trust is proposed to ask for: this installation's address")


class IdentityToken(BaseModel):
    """What a pipeline comes with."""

    model_config = ConfigDict(extra="forbid")

    trust: UUID
    token: Annotated[str, Field(min_length=1, max_length=LONGEST, json_schema_extra={"format": "password"})]


class ExchangedToken(BaseModel):
    """An API token for a while; send it as `Authorization: Bearer`."""

    access_token: str
    expires_in: int = Field(description="seconds")
