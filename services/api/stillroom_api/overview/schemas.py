"""Shapes of the overview. Times are in seconds, moments in seconds since 1970, sizes in bytes."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from stillroom_core.samples.models import Sample


class SessionsOfState(BaseModel):
    """The sessions of one state; `hidden`: the database's user may not see it."""

    state: str
    count: int
    waiting: int
    oldest_s: float | None


class Replica(BaseModel):
    """A standby that follows this server."""

    name: str | None
    state: str | None
    lag_s: float | None
    lag_bytes: int | None


class Slot(BaseModel):
    """A replication slot, with the WAL that it keeps."""

    name: str
    active: bool
    kept_bytes: int | None


class Vacuum(BaseModel):
    """A vacuum that runs now."""

    schema_name: str = Field(validation_alias="schema")
    table: str
    phase: str
    done: int
    total: int


class OverviewLive(BaseModel):
    """What moves. Counters are the server's own: two answers make a rate."""

    at: float
    commits: int
    rollbacks: int
    hits: int
    reads: int
    deadlocks: int
    temporary_bytes: int
    connections: int
    most_connections: int
    frozen_age: int = Field(description="transactions since the oldest row was frozen")
    freeze_at: int = Field(description="at so many, autovacuum freezes whatever else there is to do")
    autovacuum: bool
    up_s: float
    replica: bool
    behind_s: float | None
    sessions: list[SessionsOfState]
    replicas: list[Replica]
    slots: list[Slot]
    vacuums: list[Vacuum]


class TableHealth(BaseModel):
    """One of the tables that are largest or have most dead rows; `bloat_bytes` is an estimate by statistics."""

    schema_name: str = Field(validation_alias="schema")
    table: str
    rows: float
    bytes: int
    index_bytes: int
    frozen_age: int
    live: int | None
    dead: int | None
    changed: int | None
    whole_scans: int | None
    index_scans: int | None
    vacuumed_at: float | None
    analyzed_at: float | None
    bloat_bytes: int | None


class IndexHealth(BaseModel):
    """An index that may be superfluous; `like`: the one that it repeats."""

    schema_name: str = Field(validation_alias="schema")
    table: str
    index: str
    bytes: int
    like: str | None = None


class KeyHealth(BaseModel):
    """A foreign key whose columns no index begins with."""

    schema_name: str = Field(validation_alias="schema")
    table: str
    name: str
    references: str
    columns: list[str]
    rows: float


class TopStatement(BaseModel):
    """A kind of statement by the time that it took in all; constants are left out by the server."""

    id: str | None
    query: str | None
    calls: int
    total_ms: float
    mean_ms: float
    rows: int
    hits: int
    reads: int


class OverviewHealth(BaseModel):
    """What has grown. `statements` is null where pg_stat_statements is not at work."""

    size_bytes: int
    tables: list[TableHealth]
    unused_indexes: list[IndexHealth]
    duplicate_indexes: list[IndexHealth]
    unindexed_keys: list[KeyHealth]
    statements: list[TopStatement] | None
    statements_available: bool


class SampleRead(BaseModel):
    """One measurement."""

    at: datetime
    size_bytes: int
    connections: int
    active: int
    commits: int
    rollbacks: int
    hits: int
    reads: int
    live: int
    dead: int
    frozen_age: int
    oldest_s: float | None
    lag_s: float | None


class TableGrowth(BaseModel):
    """How large a table is, and was at the beginning of the time asked for; null: not among the largest then."""

    schema_name: str
    table: str
    bytes: int
    before_bytes: int | None


class OverviewHistory(BaseModel):
    """Measurements, oldest first, at most 400 of them."""

    samples: list[SampleRead]
    tables: list[TableGrowth]

    @classmethod
    def of(cls, samples: list[Sample], tables: list[tuple[datetime, list[Any]]]) -> "OverviewHistory":
        """From what was found."""
        first = {(schema, table): size for schema, table, size in tables[0][1]} if len(tables) > 1 else {}
        last = tables[-1][1] if tables else []
        return cls(
            samples=[SampleRead.model_validate(one, from_attributes=True) for one in samples],
            tables=[
                TableGrowth(schema_name=schema, table=table, bytes=size, before_bytes=first.get((schema, table)))
                for schema, table, size in last
            ],
        )
