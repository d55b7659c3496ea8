"""Groups, who is in them, and what they give."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, ForeignKeyConstraint, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table


class Group(Keyed, Table):
    """Some members of an organization under one name."""

    __tablename__ = "groups"
    __table_args__ = (UniqueConstraint("organization_id", "name"), UniqueConstraint("organization_id", "id"))

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(100))


class GroupMember(Table):
    """A member in a group."""

    __tablename__ = "group_members"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "group_id"], ["groups.organization_id", "groups.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        Index("ix_group_members_user_id", "user_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(primary_key=True)
    group_id: Mapped[UUID] = mapped_column(primary_key=True, index=True)
    user_id: Mapped[UUID] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class GroupRole(Keyed, Table):
    """What everybody in the group is in a project, or in one environment of it."""

    __tablename__ = "group_roles"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "group_id"], ["groups.organization_id", "groups.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["organization_id", "project_id"], ["projects.organization_id", "projects.id"], ondelete="CASCADE"
        ),
        ForeignKeyConstraint(
            ["organization_id", "project_id", "environment_id"],
            ["environments.organization_id", "environments.project_id", "environments.id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("role in ('viewer', 'operator', 'maintainer', 'admin')", name="role"),
        Index(
            "uq_group_roles_place",
            "group_id",
            "project_id",
            "environment_id",
            unique=True,
            postgresql_nulls_not_distinct=True,
        ),
        Index("ix_group_roles_project_id", "project_id"),
    )

    organization_id: Mapped[UUID]
    group_id: Mapped[UUID]
    project_id: Mapped[UUID]
    environment_id: Mapped[UUID | None]
    role: Mapped[str] = mapped_column(String(16))
