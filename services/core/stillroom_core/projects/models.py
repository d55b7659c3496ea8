"""Projects and the commits of them that we have read."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.projects.git_address import REF_LIMIT, URL_LIMIT
from stillroom_core.tables import Keyed, Table, goes_with


class Project(Keyed, Table):
    """One Alembic configuration (file and section) in one git repository."""

    __tablename__ = "projects"
    __table_args__ = (
        UniqueConstraint("organization_id", "slug"),
        UniqueConstraint("organization_id", "id"),
        CheckConstraint("fetch_state in ('idle', 'waiting', 'running', 'failed')", name="fetch_state"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    slug: Mapped[str] = mapped_column(String(63))
    name: Mapped[str] = mapped_column(String(200))

    git_url: Mapped[str] = mapped_column(String(URL_LIMIT))
    git_ref: Mapped[str] = mapped_column(String(REF_LIMIT))
    credential_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    credential_set_at: Mapped[datetime | None]

    subdirectory: Mapped[str] = mapped_column(String(500), server_default=text("''"))
    config_file: Mapped[str | None] = mapped_column(String(500))
    config_section: Mapped[str] = mapped_column(String(100), server_default=text("'alembic'"))
    command: Mapped[list[str] | None] = mapped_column(JSONB)

    python: Mapped[str | None] = mapped_column(String(50))
    requirements_file: Mapped[str | None] = mapped_column(String(500))
    extra_packages: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    groups: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    extras: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))
    install_project: Mapped[bool | None]
    # Whether drafts may be pushed to the very branch that jobs run from.
    direct_push: Mapped[bool] = mapped_column(server_default=text("false"))

    # Fetched by itself every so many minutes; 0: only when somebody asks, or the git host tells of a push.
    poll_minutes: Mapped[int] = mapped_column(server_default=text("0"))
    hook_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # the secret that the git host signs with
    hook_set_at: Mapped[datetime | None]
    hook_came_at: Mapped[datetime | None]
    hook_said: Mapped[str | None] = mapped_column(String(16))

    commit_id: Mapped[UUID | None]  # the newest commit read; no foreign key: it would be a circle
    fetch_state: Mapped[str] = mapped_column(String(16), server_default=text("'idle'"))
    fetch_requested_at: Mapped[datetime | None]
    fetched_at: Mapped[datetime | None]
    fetch_error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)


class Commit(Keyed, Table):
    """What one commit holds: its revision graph as read with one configuration of the project."""

    __tablename__ = "commits"
    __table_args__ = (
        UniqueConstraint("project_id", "sha", "configuration"),
        UniqueConstraint("organization_id", "id"),
        goes_with("projects", "project_id"),
        CheckConstraint("source in ('static', 'alembic')", name="source"),
    )

    organization_id: Mapped[UUID]
    project_id: Mapped[UUID]
    sha: Mapped[str] = mapped_column(String(64))
    # A digest of subdirectory, config file and section: the same commit read otherwise is another graph.
    configuration: Mapped[str] = mapped_column(String(64))
    ref: Mapped[str] = mapped_column(String(255))
    author_name: Mapped[str] = mapped_column(String(300))
    author_email: Mapped[str] = mapped_column(String(300))
    authored_at: Mapped[datetime]
    subject: Mapped[str] = mapped_column(String(1000))
    source: Mapped[str] = mapped_column(String(16))
    complete: Mapped[bool]  # false: neither reading nor Alembic could say that this is all
    graph: Mapped[bytes] = mapped_column(LargeBinary)  # zlib over Graph.to_json_bytes
    # path → {digest, author, date, commit, upgrade_lines, downgrade_lines}; kept beside the graph, which knows no git
    files: Mapped[dict[str, Any]]
    notes: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))


class RevisionSource(Table):
    """The text of one revision file, stored once however many commits hold it."""

    __tablename__ = "revision_sources"
    __table_args__ = (goes_with("projects", "project_id"),)

    project_id: Mapped[UUID] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    organization_id: Mapped[UUID]
    text: Mapped[str]
    # What it does to which objects, by function, as far as reading tells; null: nobody has read it yet.
    changes: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
