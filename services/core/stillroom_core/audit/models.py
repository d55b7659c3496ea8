"""The table of the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.keys import new_key
from stillroom_core.tables import Table


class AuditEntry(Table):
    """One act or one refusal. Rows are only ever added: a trigger holds whoever may write to that.

    Nothing here refers to another table, so that what is told outlives whom and what it tells of.
    """

    __tablename__ = "audit_entries"
    __table_args__ = (
        UniqueConstraint("organization_id", "number"),
        Index("ix_audit_entries_actor_id", "organization_id", "actor_id", "number"),
        Index("ix_audit_entries_action", "organization_id", "action", "number"),
        Index("ix_audit_entries_project_id", "organization_id", "project_id", "number"),
        Index("ix_audit_entries_database_id", "organization_id", "database_id", "number"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_key)
    organization_id: Mapped[UUID]
    number: Mapped[int] = mapped_column(BigInteger)  # from 1 in each organization, without gaps
    at: Mapped[datetime]

    actor_kind: Mapped[str] = mapped_column(String(16))  # person, service, system, unknown
    actor_id: Mapped[UUID | None]
    actor_name: Mapped[str] = mapped_column(String(200))
    token_id: Mapped[UUID | None]
    token_name: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(64))
    request_id: Mapped[str] = mapped_column(String(64))

    action: Mapped[str] = mapped_column(String(64))  # noun.verb
    outcome: Mapped[str] = mapped_column(String(16))  # done, refused
    reason: Mapped[str | None] = mapped_column(String(200))  # of a refusal: its code, or the missing permission
    subject_kind: Mapped[str] = mapped_column(String(32))
    subject_id: Mapped[str | None] = mapped_column(String(64))
    subject_name: Mapped[str | None] = mapped_column(String(300))
    project_id: Mapped[UUID | None]
    database_id: Mapped[UUID | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    after: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    previous_hash: Mapped[bytes] = mapped_column(LargeBinary)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
