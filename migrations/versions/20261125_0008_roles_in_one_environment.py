"""roles in one environment

Revision ID: 0008
Revises: 0007
Create Date: 2026-11-25 22:40:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0008"
down_revision: str | Sequence[str] | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "environment_memberships",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "role in ('viewer', 'operator', 'maintainer', 'admin')", name=op.f("ck_environment_memberships_role")
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            name=op.f("fk_environment_memberships_organization_id_user_id_memberships"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "project_id", "environment_id"],
            ["environments.organization_id", "environments.project_id", "environments.id"],
            name=op.f("fk_environment_memberships_organization_id_project_id_environment_id_environments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "organization_id", "environment_id", "user_id", name=op.f("pk_environment_memberships")
        ),
    )
    op.create_index(op.f("ix_environment_memberships_environment_id"), "environment_memberships", ["environment_id"])
    op.create_index("ix_environment_memberships_user_id", "environment_memberships", ["user_id"])


def downgrade() -> None:
    op.drop_table("environment_memberships")
