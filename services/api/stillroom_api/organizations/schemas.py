"""Shapes of organizations."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from stillroom_api.accounts.schemas import Password
from stillroom_api.projects.schemas import Name, Slug
from stillroom_core.actors.actor import Actor
from stillroom_core.organizations.models import Organization


class OrganizationNew(BaseModel):
    """An organization to found."""

    model_config = ConfigDict(extra="forbid")

    slug: Slug
    name: Name


class OrganizationChanges(BaseModel):
    """What to change; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    slug: Slug | None = None
    name: Name | None = None

    def given(self) -> dict[str, Any]:
        """The fields that were sent."""
        return {name: value for name, value in self.model_dump(exclude_unset=True).items() if value is not None}


class SecondFactorDemand(BaseModel):
    """Whether members need a second factor to do anything here."""

    model_config = ConfigDict(extra="forbid")

    demanded: bool


class OrganizationRead(BaseModel):
    """An organization, and what I may do in it."""

    id: UUID
    slug: str
    name: str
    created_at: datetime
    role: str
    second_factor_demanded: bool
    permissions: list[str]

    @classmethod
    def of(cls, organization: Organization, actor: Actor) -> "OrganizationRead":
        """From the row, for this actor."""
        return cls(
            id=organization.id,
            slug=organization.slug,
            name=organization.name,
            created_at=organization.created_at,
            role=actor.role,
            second_factor_demanded=organization.second_factor_demanded,
            permissions=sorted(actor.permissions()),
        )


class Transfer(BaseModel):
    """Who becomes owner, with the present owner's password."""

    model_config = ConfigDict(extra="forbid")

    person: UUID
    current: Password


class Deletion(BaseModel):
    """The short name typed again, with the owner's password."""

    model_config = ConfigDict(extra="forbid")

    slug: str = Field(max_length=63)
    current: Password
