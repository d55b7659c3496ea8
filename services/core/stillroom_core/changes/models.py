"""What revisions did to a database's objects, as jobs ran them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Table, goes_with


class SchemaChange(Table):
    """One change that a job's statement made, and that was committed; names are as the statement wrote them."""

    __tablename__ = "schema_changes"
    __table_args__ = (
        goes_with("jobs", "job_id"),
        goes_with("projects", "project_id"),
        goes_with("databases", "database_id"),
        # The life of an object is looked for under its name, under that of its table, and under what it was renamed to.
        Index("ix_schema_changes_database_id_name", "database_id", "name"),
        Index("ix_schema_changes_database_id_table", "database_id", "table"),
        Index("ix_schema_changes_database_id_to", "database_id", "to"),
        Index("ix_schema_changes_database_id_revision", "database_id", "revision"),
        Index("ix_schema_changes_project_id_revision", "project_id", "revision"),
    )

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    organization_id: Mapped[UUID]
    project_id: Mapped[UUID]
    database_id: Mapped[UUID]
    revision: Mapped[str] = mapped_column(String(255))
    upgrade: Mapped[bool]  # false: the revision was reverted
    at: Mapped[datetime]
    action: Mapped[str] = mapped_column(String(8))
    kind: Mapped[str] = mapped_column(String(20))
    schema: Mapped[str] = mapped_column(String(63))
    table: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(200))
    to: Mapped[str] = mapped_column(String(63))
    to_schema: Mapped[str] = mapped_column(String(63))
    line: Mapped[int | None]
