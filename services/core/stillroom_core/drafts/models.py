"""The table of drafts."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.projects.git_address import REF_LIMIT
from stillroom_core.tables import Keyed, Table, goes_with


class DraftKind(StrEnum):
    """What is written. Restore: a file that an earlier commit had, as it was."""

    MERGE = "merge"
    EMPTY = "empty"
    AUTOGENERATE = "autogenerate"
    RESTORE = "restore"


class DraftState(StrEnum):
    """Where a draft stands. The worker writes it, a person looks at it, the worker pushes it."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    PUSH_WAITING = "push_waiting"
    PUSHING = "pushing"
    PUSHED = "pushed"


def _one_of(column: str, values: type[DraftKind] | type[DraftState]) -> str:
    return f"{column} in ({', '.join(repr(value.value) for value in values)})"


class Draft(Keyed, Table):
    """One revision file on top of one commit, and the branch that it was pushed to."""

    __tablename__ = "drafts"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        goes_with("projects", "project_id"),
        goes_with("databases", "database_id"),
        # Judged at the end of the transaction: deleting a project removes its commits before its drafts.
        ForeignKeyConstraint(
            ["organization_id", "commit_id"],
            ["commits.organization_id", "commits.id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint(_one_of("kind", DraftKind), name="kind"),
        CheckConstraint(_one_of("state", DraftState), name="state"),
        Index("ix_drafts_project_id", "project_id"),
        Index("ix_drafts_database_id", "database_id"),
        Index("ix_drafts_commit_id", "commit_id"),
        Index("ix_drafts_touched_at", "touched_at"),
    )

    organization_id: Mapped[UUID]
    project_id: Mapped[UUID]
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    actor_name: Mapped[str] = mapped_column(String(200))
    touched_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    kind: Mapped[str] = mapped_column(String(16))
    message: Mapped[str] = mapped_column(String(200))
    rev_id: Mapped[str | None] = mapped_column(String(32))
    heads: Mapped[list[str]]  # what it follows: one, several for a merge, none for a base of its own
    database_id: Mapped[UUID | None]  # that the models are compared with
    source: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # {sha, path, revision} of what is restored
    commit_id: Mapped[UUID]
    commit_sha: Mapped[str] = mapped_column(String(64))
    ref: Mapped[str] = mapped_column(String(REF_LIMIT))

    state: Mapped[str] = mapped_column(String(16), server_default=text("'waiting'"))
    requested_at: Mapped[datetime | None]  # of the writing, then of the push
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    path: Mapped[str | None] = mapped_column(Text)
    content: Mapped[str | None] = mapped_column(Text)
    notes: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))

    branch: Mapped[str | None] = mapped_column(String(REF_LIMIT))
    pushed_sha: Mapped[str | None] = mapped_column(String(64))
    pushed_at: Mapped[datetime | None]
