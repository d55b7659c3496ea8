"""Shapes of identity providers."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stillroom_api.accounts.schemas import Email
from stillroom_core.providers.domains import RECORD
from stillroom_core.providers.models import IdentityProvider, ProviderDomain
from stillroom_core.providers.service import redirect_address

Text = Annotated[str, StringConstraints(min_length=1, max_length=300, strip_whitespace=True)]


class Mapped(BaseModel):
    """What a value of the groups claim gives here."""

    model_config = ConfigDict(extra="forbid")

    value: Text
    role: Literal["admin", "member"] | None = None
    group: UUID | None = Field(default=None, description="a group of this organization")


class ProviderContent(BaseModel):
    """How people of the organization sign in."""

    model_config = ConfigDict(extra="forbid")

    issuer: Annotated[str, StringConstraints(min_length=8, max_length=500, strip_whitespace=True)]
    client_id: Text
    admits: bool = Field(default=False, description="whether whom the provider knows becomes a member by signing in")
    enforced: bool = Field(default=False, description="whether members of the proven domains, owners excepted, need it")
    groups_claim: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "groups"
    mapping: list[Mapped] = Field(default=[], max_length=100)


class ProviderChange(ProviderContent):
    """The same, with the client's secret: null leaves it, empty forgets it; nobody can read it."""

    client_secret: Annotated[str, StringConstraints(max_length=500)] | None = Field(
        default=None, json_schema_extra={"format": "password"}
    )

    def wanted(self) -> dict[str, object]:
        """What is stored as it is."""
        return dict(self.model_dump(mode="json", exclude={"client_secret"}))


class DomainRead(BaseModel):
    """A domain, and the TXT record that proves it."""

    domain: str
    record: str
    proof: str
    proven_at: datetime | None

    @classmethod
    def of(cls, row: ProviderDomain) -> "DomainRead":
        """From the row."""
        return cls(domain=row.domain, record=f"{RECORD}.{row.domain}", proof=row.proof, proven_at=row.proven_at)


class DomainNew(BaseModel):
    """What stands behind the @ of addresses."""

    model_config = ConfigDict(extra="forbid")

    domain: Annotated[str, StringConstraints(min_length=1, max_length=253)]


class ProviderRead(ProviderContent):
    """The provider as it is set up."""

    has_secret: bool
    domains: list[DomainRead]


class ProviderPage(BaseModel):
    """The provider, if there is one, and the address that must be registered there."""

    provider: ProviderRead | None
    redirect_uri: str

    @classmethod
    def of(cls, provider: IdentityProvider | None, domains: list[ProviderDomain]) -> "ProviderPage":
        """From the rows."""
        if provider is None:
            return cls(provider=None, redirect_uri=redirect_address())
        content = {name: getattr(provider, name) for name in ProviderContent.model_fields}
        shown = [DomainRead.of(one) for one in domains]
        read = ProviderRead(**content, has_secret=provider.client_secret_sealed is not None, domains=shown)
        return cls(provider=read, redirect_uri=redirect_address())


class SignOn(BaseModel):
    """Who wants to sign in through their organization's provider, and where they want to."""

    model_config = ConfigDict(extra="forbid")

    email: Email
    next: str = Field(default="/", max_length=2000)


class WayThere(BaseModel):
    """Where the browser goes now."""

    location: str
