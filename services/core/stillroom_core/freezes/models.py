"""The table of freezes."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table, goes_with


class Freeze(Keyed, Table):
    """From when to when nothing is changed, and why; without an environment it is the whole project's."""

    __tablename__ = "freezes"
    __table_args__ = (
        goes_with("projects", "project_id"),
        goes_with("environments", "project_id", "environment_id", name="fk_freezes_environment"),
        CheckConstraint("starts_at < ends_at", name="order"),
        Index("ix_freezes_project_id_ends_at", "project_id", "ends_at"),
    )

    organization_id: Mapped[UUID]
    project_id: Mapped[UUID]
    environment_id: Mapped[UUID | None]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(300))
    actor_name: Mapped[str] = mapped_column(String(200))
