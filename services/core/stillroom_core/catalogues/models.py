"""What was read of a database's catalogue: a list for each state that was seen, and every object once."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table, goes_with


class Catalogue(Keyed, Table):
    """One state of a database's schema; the newest row of a database is the present one."""

    __tablename__ = "catalogues"
    __table_args__ = (
        goes_with("databases", "database_id"),
        Index("ix_catalogues_database_id_id", "database_id", "id"),
    )

    organization_id: Mapped[UUID]
    database_id: Mapped[UUID]
    read_at: Mapped[datetime]  # when it was last found to be so
    server_version: Mapped[str] = mapped_column(String(100))
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    # One entry an object: kind, schema, name, digest in hex, and a word about it.
    listing: Mapped[list[Any]] = mapped_column(JSONB)
    # In step with the listing: rows, bytes and bytes of indexes, or null; of the last reading.
    figures: Mapped[list[Any]] = mapped_column(JSONB)


class CatalogueObject(Table):
    """The content of one object, named by its digest: what did not change is stored once for all states."""

    __tablename__ = "catalogue_objects"

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    content: Mapped[dict[str, Any]]
