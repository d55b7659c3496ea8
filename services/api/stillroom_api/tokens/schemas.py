"""Shapes of API tokens and service accounts."""

from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from stillroom_core.actors.permissions import Permission, ProjectRole
from stillroom_core.members.models import User
from stillroom_core.tokens.accounts import PlaceRole
from stillroom_core.tokens.models import ApiToken
from stillroom_core.tokens.service import Wanted

Name = Annotated[str, Field(min_length=1, max_length=200)]
Names = Annotated[list[Annotated[str, Field(max_length=63)]], Field(max_length=100)]


class TokenOwner(BaseModel):
    """Whose rights bound the token."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    kind: str
    name: str


class TokenRead(BaseModel):
    """A token, without its text."""

    id: UUID
    name: str
    owner: TokenOwner
    project_ids: list[UUID] | None
    environment_ids: list[UUID] | None
    permissions: list[str]
    networks: list[str]
    created_at: datetime
    created_by: str
    expires_at: datetime
    rotated_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_used_address: str | None

    @classmethod
    def of(cls, token: ApiToken, owner: User) -> "TokenRead":
        """From the rows."""
        return cls.model_validate({**_columns(token), "owner": TokenOwner.model_validate(owner)})


class TokenMade(TokenRead):
    """A token with its text, which is shown this once."""

    token: str

    @classmethod
    def with_text(cls, token: ApiToken, owner: User, text: str) -> "TokenMade":
        """From the rows and the text."""
        return cls.model_validate({**_columns(token), "owner": TokenOwner.model_validate(owner), "token": text})


def _columns(token: ApiToken) -> dict[str, object]:
    return {name: getattr(token, name) for name in TokenRead.model_fields if name != "owner"}


class Tokens(BaseModel):
    """The tokens that I rule over, newest first."""

    items: list[TokenRead]


class TokenNew(BaseModel):
    """A token to make; without projects or environments it is for all that its owner has."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Name
    permissions: Annotated[frozenset[Permission], Field(min_length=1)]
    projects: Names | None = None
    environments: Names | None = None
    networks: Annotated[list[Annotated[str, Field(max_length=50)]], Field(max_length=50)] = []
    expires_in_days: Annotated[int, Field(ge=1, le=365)]
    owner: UUID | None = Field(default=None, description="a service account; without it oneself")

    def wanted(self) -> Wanted:
        """As the service takes it."""
        return Wanted(
            name=self.name,
            permissions=self.permissions | {Permission.PROJECT_READ},
            projects=self.projects or None,
            environments=self.environments or None,
            networks=self.networks,
            life=timedelta(days=self.expires_in_days),
            owner_id=self.owner,
        )


class PlaceRoleNew(BaseModel):
    """A role in a project, or in one environment of it."""

    model_config = ConfigDict(extra="forbid")

    project: Annotated[str, Field(max_length=63)]
    environment: Annotated[str | None, Field(max_length=63)] = None
    role: ProjectRole


class AccountNew(BaseModel):
    """A service account to make."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    name: Name
    roles: Annotated[list[PlaceRoleNew], Field(max_length=100)] = []

    def places(self) -> list[PlaceRole]:
        """As the service takes them."""
        return [PlaceRole(project=one.project, environment=one.environment, role=one.role) for one in self.roles]


class AccountRead(BaseModel):
    """A service account."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    name: str
    created_at: datetime


class Accounts(BaseModel):
    """The service accounts of an organization by name."""

    items: list[AccountRead]
