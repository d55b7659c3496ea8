"""automatic upgrades: an environment's rule, and what it did with each commit

Revision ID: 0029
Revises: 0028
Create Date: 2026-11-26 11:20:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0029"
down_revision: str | Sequence[str] | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "environments", sa.Column("auto_upgrade", sa.Boolean(), server_default=sa.text("false"), nullable=False)
    )
    op.add_column("environments", sa.Column("auto_upgrade_by", sa.Uuid(), nullable=True))
    op.create_table(
        "automatic_upgrades",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("database_id", sa.Uuid(), nullable=False),
        sa.Column("commit_id", sa.Uuid(), nullable=False),
        sa.Column("commit_sha", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("problem", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
        sa.Column("tries", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("request_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state in ('waiting', 'started', 'asked', 'refused', 'current')",
            name=op.f("ck_automatic_upgrades_state"),
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "database_id"],
            ["databases.organization_id", "databases.id"],
            name=op.f("fk_automatic_upgrades_organization_id_database_id_databases"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "commit_id"],
            ["commits.organization_id", "commits.id"],
            name=op.f("fk_automatic_upgrades_organization_id_commit_id_commits"),
            ondelete="CASCADE",
            deferrable=True,
            initially="DEFERRED",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_automatic_upgrades")),
        sa.UniqueConstraint("database_id", "commit_id", name=op.f("uq_automatic_upgrades_database_id_commit_id")),
    )


def downgrade() -> None:
    op.drop_table("automatic_upgrades")
    op.drop_column("environments", "auto_upgrade_by")
    op.drop_column("environments", "auto_upgrade")
