"""Shapes of freezes."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from stillroom_api.jobs.schemas import ActorName, NamedPlace
from stillroom_core.environments.models import Environment
from stillroom_core.freezes.models import Freeze


class FreezeNew(BaseModel):
    """A time in which nothing is changed."""

    model_config = ConfigDict(extra="forbid")

    environment: str | None = Field(default=None, max_length=63, description="slug or id; none: the whole project")
    starts_at: AwareDatetime | None = Field(default=None, description="none: now")
    ends_at: AwareDatetime
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]


class FreezeRead(BaseModel):
    """A freeze that lasts or will come."""

    id: UUID
    environment: NamedPlace | None = Field(description="null: the whole project")
    starts_at: datetime
    ends_at: datetime
    reason: str
    actor: ActorName

    @classmethod
    def of(cls, freeze: Freeze, environment: Environment | None) -> "FreezeRead":
        """From the rows."""
        return cls(
            id=freeze.id,
            environment=NamedPlace.of(environment) if environment else None,
            starts_at=freeze.starts_at,
            ends_at=freeze.ends_at,
            reason=freeze.reason,
            actor=ActorName(name=freeze.actor_name),
        )


class Freezes(BaseModel):
    """The freezes of a project, the first one first."""

    items: list[FreezeRead]
