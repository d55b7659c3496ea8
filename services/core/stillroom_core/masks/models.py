"""The table of masks."""

from uuid import UUID

from sqlalchemy import CheckConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table, goes_with


class Mask(Keyed, Table):
    """Columns of a project's databases, by name or with `*`, and what is shown of them without data.unmasked."""

    __tablename__ = "masks"
    __table_args__ = (
        goes_with("projects", "project_id"),
        UniqueConstraint("project_id", "schema_name", "table_name", "column_name"),
        CheckConstraint("kind in ('hide', 'hash', 'domain', 'last4')", name="kind"),
    )

    organization_id: Mapped[UUID]
    project_id: Mapped[UUID]
    schema_name: Mapped[str] = mapped_column(String(63))
    table_name: Mapped[str] = mapped_column(String(63))
    column_name: Mapped[str] = mapped_column(String(63))
    kind: Mapped[str] = mapped_column(String(16))
    actor_name: Mapped[str] = mapped_column(String(200))

    @property
    def name(self) -> str:
        """As people write it."""
        return f"{self.schema_name}.{self.table_name}.{self.column_name}"
