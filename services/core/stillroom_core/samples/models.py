"""What was measured of a target database, every few minutes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Float, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Table, goes_with


class Sample(Table):
    """One measurement. Counters are the server's own and begin again when it resets them."""

    __tablename__ = "samples"
    __table_args__ = (
        goes_with("databases", "database_id"),
        Index("ix_samples_at", "at"),
    )

    database_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    organization_id: Mapped[UUID]
    size_bytes: Mapped[int] = mapped_column(BigInteger)
    connections: Mapped[int]
    active: Mapped[int]
    commits: Mapped[int] = mapped_column(BigInteger)
    rollbacks: Mapped[int] = mapped_column(BigInteger)
    hits: Mapped[int] = mapped_column(BigInteger)
    reads: Mapped[int] = mapped_column(BigInteger)
    live: Mapped[int] = mapped_column(BigInteger)
    dead: Mapped[int] = mapped_column(BigInteger)
    frozen_age: Mapped[int] = mapped_column(BigInteger)
    oldest_s: Mapped[float | None] = mapped_column(Float)
    lag_s: Mapped[float | None] = mapped_column(Float)
    # [schema, table, bytes with indexes] of the largest twenty, once an hour.
    tables: Mapped[list[Any] | None] = mapped_column(JSONB(none_as_null=True))
