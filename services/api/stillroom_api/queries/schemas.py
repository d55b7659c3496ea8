"""Shapes of saved queries."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stillroom_api.jobs.schemas import ActorName
from stillroom_core.actors.actor import Actor
from stillroom_core.queries.models import SavedQuery
from stillroom_core.queries.service import may_change

_Name = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=r"^[^\x00-\x1f]+$")
]
_Description = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000, pattern=r"^[^\x00]*$")]
_Sql = Annotated[str, StringConstraints(min_length=1, max_length=100_000, pattern=r"^[^\x00]+$")]
_Database = Annotated[
    str | None, Field(max_length=200, pattern=r"^[^\x00]+$", description="for databases of this name; none: for any")
]


class SavedQueryNew(BaseModel):
    """SQL to keep."""

    model_config = ConfigDict(extra="forbid")

    name: _Name
    description: _Description = ""
    sql: _Sql
    database_name: _Database = None
    shared: bool = False

    def kept(self) -> dict[str, Any]:
        """As it is kept."""
        content = self.model_dump()
        return {"content": content.pop("sql"), **content}


class SavedQueryChanges(BaseModel):
    """What is given is changed."""

    model_config = ConfigDict(extra="forbid")

    name: _Name | None = None
    description: _Description | None = None
    sql: _Sql | None = None
    database_name: _Database = None
    shared: bool | None = None

    def given(self) -> dict[str, Any]:
        """As it is kept; only a database's name can be taken away."""
        sent = self.model_dump(exclude_unset=True)
        content = {name: value for name, value in sent.items() if value is not None or name == "database_name"}
        return {("content" if name == "sql" else name): value for name, value in content.items()}


class SavedQueryRead(BaseModel):
    """A query that was kept. `mine` and `may_change` are about whoever asks."""

    id: UUID
    name: str
    description: str
    sql: str
    database_name: str | None
    shared: bool
    created_at: datetime
    actor: ActorName
    mine: bool
    may_change: bool

    @classmethod
    def of(cls, query: SavedQuery, actor: Actor) -> "SavedQueryRead":
        """From the row."""
        return cls(
            id=query.id,
            name=query.name,
            description=query.description,
            sql=query.content,
            database_name=query.database_name,
            shared=query.shared,
            created_at=query.created_at,
            actor=ActorName(name=query.user_name),
            mine=query.user_id == actor.user_id,
            may_change=may_change(actor, query),
        )


class SavedQueries(BaseModel):
    """A page of queries, the latest first."""

    items: list[SavedQueryRead]
    next_cursor: UUID | None
