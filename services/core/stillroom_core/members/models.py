"""People and what connects them to organizations and projects."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table


class User(Keyed, Table):
    """A person with one sign-in for all organizations."""

    __tablename__ = "users"

    kind: Mapped[str] = mapped_column(String(16), server_default=text("'person'"))  # or service: it cannot sign in
    maker_id: Mapped[UUID | None]  # of a service account: who made it, and so may not approve what it asks for
    email: Mapped[str] = mapped_column(String(254), unique=True)  # RFC 5321: longest address; stored lower case
    name: Mapped[str] = mapped_column(String(200))
    password_hash: Mapped[str] = mapped_column(String(500))
    locale: Mapped[str | None] = mapped_column(String(8))
    theme: Mapped[str] = mapped_column(String(8), server_default=text("'system'"))
    # Counted up by whatever must end every access token at once: sign-out everywhere, password change.
    token_version: Mapped[int] = mapped_column(server_default=text("0"))
    disabled_at: Mapped[datetime | None]
    unverified_since: Mapped[datetime | None]  # signed up, and has not shown yet that the address is theirs
    password_changed_at: Mapped[datetime | None]
    # The second factor: its secret while it is set up and once it is on, the step of the last code that was taken,
    # so that no code counts twice, and the hashes of the recovery codes that are left.
    totp_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    totp_enabled_at: Mapped[datetime | None]
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)
    recovery_hashes: Mapped[list[str]] = mapped_column(server_default=text("'[]'"))


class Membership(Table):
    """A person's role in an organization."""

    __tablename__ = "memberships"
    __table_args__ = (CheckConstraint("role in ('owner', 'admin', 'member')", name="role"),)

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ProjectMembership(Table):
    """A member's role in one project; owners and administrators need none."""

    __tablename__ = "project_memberships"
    __table_args__ = (
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
        CheckConstraint("role in ('viewer', 'operator', 'maintainer', 'admin')", name="role"),
        Index("ix_project_memberships_user_id", "user_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class EnvironmentMembership(Table):
    """A member's role in one environment: operator on dev, say, where the project role is viewer."""

    __tablename__ = "environment_memberships"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organization_id", "project_id", "environment_id"],
            ["environments.organization_id", "environments.project_id", "environments.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("role in ('viewer', 'operator', 'maintainer', 'admin')", name="role"),
        Index("ix_environment_memberships_user_id", "user_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    environment_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    project_id: Mapped[UUID]
    role: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
