"""Shapes of masks."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stillroom_api.jobs.schemas import ActorName
from stillroom_core.masks.models import Mask
from stillroom_core.masks.suggestions import Suggestion

MaskKind = Literal["hide", "hash", "domain", "last4"]
_Pattern = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=63, pattern=r"^[^\x00-\x1f]+$"),
    Field(description="a name, or with * for any letters; capitals do not matter"),
]


class MaskNew(BaseModel):
    """Columns, and what is shown of them to whoever lacks data.unmasked."""

    model_config = ConfigDict(extra="forbid")

    schema_name: _Pattern = "*"
    table_name: _Pattern = "*"
    column_name: _Pattern
    kind: MaskKind = "hide"


class MaskRead(BaseModel):
    """A mask."""

    id: UUID
    schema_name: str
    table_name: str
    column_name: str
    kind: MaskKind
    created_at: datetime
    actor: ActorName

    @classmethod
    def of(cls, mask: Mask) -> "MaskRead":
        """From the row."""
        return cls(
            id=mask.id,
            schema_name=mask.schema_name,
            table_name=mask.table_name,
            column_name=mask.column_name,
            kind=mask.kind,
            created_at=mask.created_at,
            actor=ActorName(name=mask.actor_name),
        )


class Masks(BaseModel):
    """The masks of a project by name."""

    items: list[MaskRead]


class MaskSuggestion(BaseModel):
    """A column without a mask whose name sounds like personal data."""

    schema_name: str
    table_name: str
    column_name: str
    kind: MaskKind

    @classmethod
    def of(cls, found: Suggestion) -> "MaskSuggestion":
        """From what was found."""
        return cls(
            schema_name=found.schema_name,
            table_name=found.table_name,
            column_name=found.column_name,
            kind=found.kind,
        )


class MaskSuggestions(BaseModel):
    """At most a hundred of them."""

    items: list[MaskSuggestion]
