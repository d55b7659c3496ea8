"""Shapes of activity."""

from pydantic import BaseModel, ConfigDict, Field


class SessionRead(BaseModel):
    """One session of a database. `query` is null where it may not be seen; times are in seconds."""

    pid: int
    started: float | None
    application: str | None
    username: str | None
    address: str | None
    backend: str | None
    state: str | None
    wait_type: str | None
    wait: str | None
    query: str | None
    transaction_s: float | None
    query_s: float | None
    state_s: float | None
    blockers: list[int]
    wants: str | None
    wants_schema: str | None
    wants_mode: str | None
    may_end: bool
    ours: bool


class Activity(BaseModel):
    """The sessions of a database, those with the oldest transactions first; at most a thousand."""

    sessions: list[SessionRead]


class SessionEnd(BaseModel):
    """Which session to end: its number and the moment it began, and whether the session or its statement alone."""

    model_config = ConfigDict(extra="forbid")

    pid: int = Field(ge=1)
    started: float
    terminate: bool


class SessionEnded(BaseModel):
    """Whether the server passed it on."""

    done: bool
