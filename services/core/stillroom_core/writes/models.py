"""The table of writes."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table, goes_with


class Write(Keyed, Table):
    """One statement that somebody had run; its row is there before it begins, and says how it ended."""

    __tablename__ = "writes"
    __table_args__ = (
        goes_with("databases", "database_id"),
        CheckConstraint("state in ('asked', 'running', 'committed', 'rolled_back', 'unknown')", name="state"),
        Index("ix_writes_database_id_id", "database_id", "id"),
    )

    organization_id: Mapped[UUID]
    database_id: Mapped[UUID]
    user_id: Mapped[UUID]
    actor_name: Mapped[str] = mapped_column(String(200))
    # Without the secrets that are known by their shape; the audit log has it under the act, so not here again.
    content: Mapped[str] = mapped_column(Text)
    rehearsal: Mapped[bool]
    state: Mapped[str] = mapped_column(String(16))
    rows: Mapped[int | None] = mapped_column(BigInteger)
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    finished_at: Mapped[datetime | None]
