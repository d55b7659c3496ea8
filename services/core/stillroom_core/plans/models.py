"""The table of plans."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.jobs.lifecycle import CHANGES_DATABASE
from stillroom_core.tables import Keyed, Table, goes_with

_KINDS = ", ".join(repr(kind.value) for kind in sorted(CHANGES_DATABASE))


class Plan(Keyed, Table):
    """What one job will do to one database; never changed once it was made. The job that applied it names it."""

    __tablename__ = "plans"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        goes_with("environments", "project_id", "environment_id"),
        goes_with("databases", "database_id"),
        # Judged at the end of the transaction: deleting a project removes its commits before its plans.
        ForeignKeyConstraint(
            ["organization_id", "commit_id"],
            ["commits.organization_id", "commits.id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint(f"kind in ({_KINDS})", name="kind"),
        Index("ix_plans_database_id", "database_id"),
        Index("ix_plans_expires_at", "expires_at", postgresql_where=text("not applied")),
    )

    organization_id: Mapped[UUID]
    project_id: Mapped[UUID]
    environment_id: Mapped[UUID]
    database_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(16))
    revision: Mapped[str | None] = mapped_column(String(300))  # as asked: head, -2, label@head

    # What the plan follows from: see basis.py.
    commit_id: Mapped[UUID]
    commit_sha: Mapped[str] = mapped_column(String(64))
    # Whether somebody named that commit instead of the newest one: then a newer one moves nothing.
    commit_chosen: Mapped[bool] = mapped_column(server_default=text("false"))
    place: Mapped[dict[str, Any]]
    settings: Mapped[str] = mapped_column(String(64))
    heads: Mapped[list[str]]
    bootstrap: Mapped[list[str] | None] = mapped_column(JSONB)

    # What follows. [{revision, message, direction, from, to}]; null where only the project's own code can know.
    command: Mapped[list[str] | None] = mapped_column(JSONB)
    steps: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    heads_after: Mapped[list[str] | None] = mapped_column(JSONB)
    nothing: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # {code, title, fix}: why there are no steps

    digest: Mapped[str] = mapped_column(String(64))
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    actor_name: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[datetime]
    # Known to have been applied; found out once, when it has expired, so that the sweeper never looks at it again.
    applied: Mapped[bool] = mapped_column(server_default=text("false"))

    @property
    def purges(self) -> bool:
        """Whether a stamp empties the version table first: a row goes without a step, for the code has none for it."""
        left = {row for step in self.steps or () for row in step["from"]} | set(self.heads_after or ())
        return self.kind == "stamp" and self.steps is not None and not set(self.heads) <= left
