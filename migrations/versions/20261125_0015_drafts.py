"""drafts of revisions

Revision ID: 0015
Revises: 0014
Create Date: 2026-11-25 23:30:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0015"
down_revision: str | Sequence[str] | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    time = sa.DateTime(timezone=True)
    op.add_column("projects", sa.Column("direct_push", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.create_table(
        "drafts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(length=200), nullable=False),
        sa.Column("touched_at", time, server_default=sa.text("now()"), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("message", sa.String(length=200), nullable=False),
        sa.Column("rev_id", sa.String(length=32), nullable=True),
        sa.Column("heads", json, nullable=False),
        sa.Column("database_id", sa.Uuid(), nullable=True),
        sa.Column("source", json, nullable=True),
        sa.Column("commit_id", sa.Uuid(), nullable=False),
        sa.Column("commit_sha", sa.String(length=64), nullable=False),
        sa.Column("ref", sa.String(length=255), nullable=False),
        sa.Column("state", sa.String(length=16), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("requested_at", time, nullable=True),
        sa.Column("error", json, nullable=True),
        sa.Column("path", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("notes", json, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("branch", sa.String(length=255), nullable=True),
        sa.Column("pushed_sha", sa.String(length=64), nullable=True),
        sa.Column("pushed_at", time, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", time, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind in ('merge', 'empty', 'autogenerate', 'restore')", name=op.f("ck_drafts_kind")),
        sa.CheckConstraint(
            "state in ('waiting', 'running', 'ready', 'failed', 'push_waiting', 'pushing', 'pushed')",
            name=op.f("ck_drafts_state"),
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_drafts_actor_id_users"), ondelete="SET NULL"),
        sa.ForeignKeyConstraint(
            ["organization_id", "project_id"],
            ["projects.organization_id", "projects.id"],
            name=op.f("fk_drafts_organization_id_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "database_id"],
            ["databases.organization_id", "databases.id"],
            name=op.f("fk_drafts_organization_id_database_id_databases"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "commit_id"],
            ["commits.organization_id", "commits.id"],
            name=op.f("fk_drafts_organization_id_commit_id_commits"),
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_drafts_organization_id_id")),
    )
    for column in ("project_id", "database_id", "commit_id", "touched_at"):
        op.create_index(f"ix_drafts_{column}", "drafts", [column])


def downgrade() -> None:
    op.drop_table("drafts")
    op.drop_column("projects", "direct_push")
