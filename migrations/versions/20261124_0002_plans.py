"""plans, and the job that applied each

Revision ID: 0002
Revises: 0001
Create Date: 2026-11-24 03:50:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0002"
down_revision: str | Sequence[str] | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "plans",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("database_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("revision", sa.String(length=300), nullable=True),
        sa.Column("commit_id", sa.Uuid(), nullable=False),
        sa.Column("commit_sha", sa.String(length=64), nullable=False),
        sa.Column("place", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("settings", sa.String(length=64), nullable=False),
        sa.Column("heads", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("bootstrap", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("command", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("steps", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("heads_after", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("nothing", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind in ('command', 'downgrade', 'stamp', 'upgrade')", name=op.f("ck_plans_kind")),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_plans_actor_id_users"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["organization_id", "commit_id"],
            ["commits.organization_id", "commits.id"],
            name=op.f("fk_plans_organization_id_commit_id_commits"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "database_id"],
            ["databases.organization_id", "databases.id"],
            name=op.f("fk_plans_organization_id_database_id_databases"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "project_id", "environment_id"],
            ["environments.organization_id", "environments.project_id", "environments.id"],
            name=op.f("fk_plans_organization_id_project_id_environment_id_environments"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_plans_organization_id_id")),
    )
    op.create_index("ix_plans_database_id", "plans", ["database_id"])
    op.create_index("ix_plans_expires_at", "plans", ["expires_at"])
    op.add_column("jobs", sa.Column("plan_id", sa.Uuid(), nullable=True))
    op.add_column("jobs", sa.Column("plan_confirmed", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_unique_constraint(op.f("uq_jobs_organization_id_plan_id"), "jobs", ["organization_id", "plan_id"])
    op.create_foreign_key(
        op.f("fk_jobs_organization_id_plan_id_plans"),
        "jobs",
        "plans",
        ["organization_id", "plan_id"],
        ["organization_id", "id"],
        deferrable=True,
        initially="DEFERRED",
    )


def downgrade() -> None:
    op.drop_constraint(op.f("fk_jobs_organization_id_plan_id_plans"), "jobs", type_="foreignkey")
    op.drop_constraint(op.f("uq_jobs_organization_id_plan_id"), "jobs", type_="unique")
    op.drop_column("jobs", "plan_confirmed")
    op.drop_column("jobs", "plan_id")
    op.drop_table("plans")
