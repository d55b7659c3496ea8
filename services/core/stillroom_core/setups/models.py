"""The table of setups."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.projects.git_address import REF_LIMIT, URL_LIMIT
from stillroom_core.tables import Keyed, Table


class Setup(Keyed, Table):
    """What a person has typed so far about a project to be, and what the workers found out about it.

    It ends as a project (`project_id`), is discarded, or is forgotten after a while.
    """

    __tablename__ = "setups"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        ForeignKeyConstraint(
            ["organization_id", "project_id"],
            ["projects.organization_id", "projects.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("look_state in ('idle', 'waiting', 'running', 'failed')", name="look_state"),
        CheckConstraint("test_state in ('idle', 'waiting', 'running', 'failed')", name="test_state"),
        Index("ix_setups_actor_id", "actor_id"),
        Index("ix_setups_organization_id_project_id", "organization_id", "project_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    actor_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    touched_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    git_url: Mapped[str] = mapped_column(String(URL_LIMIT))
    git_ref: Mapped[str | None] = mapped_column(String(REF_LIMIT))  # null: the repository's default branch
    credential_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # Everything else that was typed, as the page has it; never a secret.
    choices: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"))

    look_state: Mapped[str] = mapped_column(String(16), server_default=text("'waiting'"))
    look_requested_at: Mapped[datetime | None]
    look_error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    findings: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    # {host, port, database, username, sslmode, ca_certificate, client_certificate}, as it was sent to be tested
    database: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    password_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    client_key_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    # {host, port, user, host_key} of the SSH server on the way to it, likewise; its key may have been made before
    tunnel: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    tunnel_public_key: Mapped[str | None] = mapped_column(Text)
    tunnel_key_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    test_state: Mapped[str] = mapped_column(String(16), server_default=text("'idle'"))
    test_requested_at: Mapped[datetime | None]
    test_error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    server: Mapped[dict[str, Any] | None] = mapped_column(JSONB)

    project_id: Mapped[UUID | None]
