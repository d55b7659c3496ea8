"""The table of databases, with what was last read there."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
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

SSL_MODES = ("disable", "prefer", "require", "verify-ca", "verify-full")


class Database(Keyed, Table):
    """A place to migrate. `heads` is what its version tables held when we last looked."""

    __tablename__ = "databases"
    __table_args__ = (
        UniqueConstraint("environment_id", "name"),
        UniqueConstraint("organization_id", "id"),
        goes_with("environments", "project_id", "environment_id"),
        Index(
            "ix_databases_client_certificate_expires_at",
            "client_certificate_expires_at",
            postgresql_where=text("client_certificate_expires_at is not null"),
        ),
        CheckConstraint("read_state in ('idle', 'waiting', 'running', 'failed')", name="read_state"),
    )

    organization_id: Mapped[UUID]
    project_id: Mapped[UUID]
    environment_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(200))

    host: Mapped[str] = mapped_column(String(255))
    port: Mapped[int] = mapped_column(server_default=text("5432"))
    database: Mapped[str] = mapped_column(String(63))
    username: Mapped[str] = mapped_column(String(63))
    password_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    password_set_at: Mapped[datetime | None]
    sslmode: Mapped[str] = mapped_column(String(16), server_default=text("'prefer'"))
    ca_certificate: Mapped[str | None] = mapped_column(Text)
    # We sign in with it over TLS; issuers may follow. When it ends stands beside it, and when that was told.
    client_certificate: Mapped[str | None] = mapped_column(Text)
    client_key_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    client_certificate_expires_at: Mapped[datetime | None]
    client_certificate_told_at: Mapped[datetime | None]

    heads: Mapped[list[str] | None] = mapped_column(JSONB)
    heads_read_at: Mapped[datetime | None]
    version_tables: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    server_version: Mapped[str | None] = mapped_column(String(100))
    server_identity: Mapped[str | None] = mapped_column(String(100))
    read_state: Mapped[str] = mapped_column(String(16), server_default=text("'idle'"))
    read_requested_at: Mapped[datetime | None]
    read_error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    # False after a job was lost: nobody knows what it did, so nothing starts before the heads are read again.
    trusted: Mapped[bool] = mapped_column(server_default=text("true"))
