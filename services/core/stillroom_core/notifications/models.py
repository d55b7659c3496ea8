"""The table of what people want to be told of."""

from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, UniqueConstraint
from sqlalchemy.orm import Mapped

from stillroom_core.tables import Keyed, Table


class NotificationChoice(Keyed, Table):
    """What one member wants to be told of by e-mail: in one project, or in all that have no choice of their own."""

    __tablename__ = "notification_choices"
    __table_args__ = (
        UniqueConstraint("organization_id", "user_id", "project_id", postgresql_nulls_not_distinct=True),
        ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organization_id", "project_id"],
            ["projects.organization_id", "projects.id"],
            ondelete="CASCADE",
        ),
    )

    organization_id: Mapped[UUID]
    user_id: Mapped[UUID]
    project_id: Mapped[UUID | None]
    events: Mapped[list[str]]
    own_jobs_only: Mapped[bool]  # of jobs, those that they asked for themselves
