"""The table of saved queries."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table, goes_with


class SavedQuery(Keyed, Table):
    """SQL under a name. `content` is the SQL: named so, the audit log tells of it only that there is one."""

    __tablename__ = "saved_queries"
    __table_args__ = (
        goes_with("projects", "project_id"),
        Index("ix_saved_queries_project_id_id", "project_id", "id"),
        Index("ix_saved_queries_user_id", "user_id"),
    )

    organization_id: Mapped[UUID]
    project_id: Mapped[UUID]
    # Whose it is; what was shared outlives the account, and nobody sees what was not.
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    user_name: Mapped[str] = mapped_column(String(200))
    name: Mapped[str] = mapped_column(String(200))
    description: Mapped[str] = mapped_column(String(1000), server_default=text("''"))
    content: Mapped[str] = mapped_column(Text)
    # For databases of this name, which several environments have; None: for any.
    database_name: Mapped[str | None] = mapped_column(String(200))
    shared: Mapped[bool] = mapped_column(server_default=text("false"))
