"""What an environment's rule did with a commit: one row for each database and commit, so that it is done once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table, goes_with


class AutomaticUpgrade(Keyed, Table):
    """One try to bring one database to one commit."""

    __tablename__ = "automatic_upgrades"
    __table_args__ = (
        # Webhook, poll and several schedulers may find the same commit at once: one of them makes the row.
        UniqueConstraint("database_id", "commit_id"),
        goes_with("databases", "database_id"),
        # Judged at the end of the transaction: deleting a project removes its commits before its databases.
        ForeignKeyConstraint(
            ["organization_id", "commit_id"],
            ["commits.organization_id", "commits.id"],
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint("state in ('waiting', 'started', 'asked', 'refused', 'current')", name="state"),
    )

    organization_id: Mapped[UUID]
    database_id: Mapped[UUID]
    commit_id: Mapped[UUID]
    commit_sha: Mapped[str] = mapped_column(String(64))
    # waiting: tried again; started, asked: a job or a request is there; refused: not for this commit any more;
    # current: the database had everything already.
    state: Mapped[str] = mapped_column(String(16))
    # {code, title, detail, fix} of what it waits for, or why it was refused
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime | None]
    job_id: Mapped[UUID | None]
    request_id: Mapped[UUID | None]
