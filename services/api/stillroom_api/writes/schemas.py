"""Shapes of writes."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stillroom_api.jobs.schemas import ActorName
from stillroom_core.writes.models import Write
from stillroom_core.writes.service import state_of

WriteState = Literal["asked", "running", "committed", "rolled_back", "unknown"]


class WriteNew(BaseModel):
    """One statement that changes data. A rehearsal runs it and rolls it back."""

    model_config = ConfigDict(extra="forbid")

    sql: Annotated[str, StringConstraints(min_length=1, max_length=100_000, pattern=r"^[^\x00]+$")]
    database_name: str = Field(min_length=1, max_length=200, description="typed by the person, to confirm it")
    rehearsal: bool = False
    timeout_ms: int = Field(default=30_000, ge=100, le=300_000)


class WriteDone(BaseModel):
    """How it ended: committed or rolled back, or unknown where the connection broke in the middle of the commit."""

    write: UUID
    state: Literal["committed", "rolled_back", "unknown"]
    rows: int | None
    command: str = Field(description="PostgreSQL's own word, such as UPDATE 3")
    ms: float


class WriteRead(BaseModel):
    """What somebody had run."""

    id: UUID
    sql: str
    rehearsal: bool
    state: WriteState
    rows: int | None
    problem: dict[str, Any] | None
    created_at: datetime
    finished_at: datetime | None
    actor: ActorName

    @classmethod
    def of(cls, write: Write) -> "WriteRead":
        """From the row."""
        names = ("id", "rehearsal", "rows", "problem", "created_at", "finished_at")
        return cls.model_validate(
            {
                **{name: getattr(write, name) for name in names},
                "sql": write.content,
                "state": state_of(write),
                "actor": ActorName(name=write.actor_name),
            }
        )


class Writes(BaseModel):
    """A page of them, the latest first."""

    items: list[WriteRead]
    next_cursor: UUID | None
