"""Requests for approval, and what people decided about them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table, goes_with

# While it is one of these, something may still become of a request. Approved: it waits for a window to open.
WAITING = ("open", "approved")
STATES = (*WAITING, "started", "rejected", "withdrawn", "expired", "void")


class ApprovalRequest(Keyed, Table):
    """A plan that somebody wants applied and that others must agree to; the job that did names the same plan."""

    __tablename__ = "approval_requests"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "idempotency_key"),
        goes_with("environments", "project_id", "environment_id", name="fk_approval_requests_environment"),
        goes_with("databases", "database_id"),
        # Judged at the end of the transaction: deleting a database removes its plans before its requests.
        ForeignKeyConstraint(
            ["organization_id", "plan_id"],
            ["plans.organization_id", "plans.id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint(f"state in ({', '.join(repr(state) for state in STATES)})", name="state"),
        Index("ix_approval_requests_waiting", "organization_id", "id", postgresql_where=text("closed_at is null")),
        Index("ix_approval_requests_organization_id_actor_id_id", "organization_id", "actor_id", "id"),
        Index("ix_approval_requests_plan_id", "plan_id"),
        Index("ix_approval_requests_environment_id", "environment_id"),
        Index("ix_approval_requests_database_id", "database_id"),
    )

    organization_id: Mapped[UUID]
    project_id: Mapped[UUID]
    environment_id: Mapped[UUID]
    database_id: Mapped[UUID]
    plan_id: Mapped[UUID]
    state: Mapped[str] = mapped_column(String(16), server_default=text("'open'"))
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    actor_name: Mapped[str] = mapped_column(String(200))
    token_id: Mapped[UUID | None]
    token_name: Mapped[str | None] = mapped_column(String(200))
    # Whose request it is in the end: the actor, and behind a token whoever made it or its account. None may decide.
    owners: Mapped[list[str]]
    # So many at least, whatever the environment asks for: 1 where the actor could not have started it alone.
    least: Mapped[int] = mapped_column(server_default=text("0"))
    reason: Mapped[str | None] = mapped_column(String(500))  # for those who are asked, and then for the job
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    request_digest: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str | None] = mapped_column(String(200))
    # {code, sentences}: why nothing came of it, where nobody decided that.
    ended: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class ApprovalDecision(Keyed, Table):
    """What one person decided about a request; a later decision of theirs takes the place of the former."""

    __tablename__ = "approval_decisions"
    __table_args__ = (
        UniqueConstraint("request_id", "user_id"),
        goes_with("approval_requests", "request_id", name="fk_approval_decisions_request"),
        CheckConstraint("verdict in ('approve', 'reject')", name="verdict"),
        Index("ix_approval_decisions_user_id", "organization_id", "user_id", "request_id"),
    )

    organization_id: Mapped[UUID]
    request_id: Mapped[UUID]
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    name: Mapped[str] = mapped_column(String(200))
    verdict: Mapped[str] = mapped_column(String(16))
    comment: Mapped[str | None] = mapped_column(Text)
    decided_at: Mapped[datetime]
