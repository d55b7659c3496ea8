"""Shapes of the signed-in person."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field


class OrganizationOfMine(BaseModel):
    """An organization that the person belongs to, and what they may do in it."""

    id: UUID
    slug: str
    name: str
    role: str
    second_factor_missing: bool = Field(
        description="it demands a second factor, and until there is one nothing is allowed"
    )
    permissions: list[str]


class Me(BaseModel):
    """The signed-in person."""

    id: UUID
    email: str
    name: str
    locale: Literal["en", "ru"] | None
    theme: Literal["light", "dark", "system"]
    staff: bool = Field(description="whether the person runs the installation, and may see how it stands")
    organizations: list[OrganizationOfMine]


class MeChanges(BaseModel):
    """What a person changes about themselves."""

    name: str | None = Field(default=None, min_length=1, max_length=200)
    locale: Literal["en", "ru"] | None = None
    theme: Literal["light", "dark", "system"] | None = None
