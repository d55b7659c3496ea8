"""samples: how target databases fared over time

Revision ID: 0024
Revises: 0023
Create Date: 2026-11-26 04:50:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0024"
down_revision: str | Sequence[str] | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "samples",
        sa.Column("database_id", sa.Uuid(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("connections", sa.Integer(), nullable=False),
        sa.Column("active", sa.Integer(), nullable=False),
        *(
            sa.Column(name, sa.BigInteger(), nullable=False)
            for name in ("commits", "rollbacks", "hits", "reads", "live", "dead", "frozen_age")
        ),
        sa.Column("oldest_s", sa.Float(), nullable=True),
        sa.Column("lag_s", sa.Float(), nullable=True),
        sa.Column("tables", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.ForeignKeyConstraint(
            ["organization_id", "database_id"],
            ["databases.organization_id", "databases.id"],
            name=op.f("fk_samples_organization_id_database_id_databases"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("database_id", "at", name=op.f("pk_samples")),
    )
    op.create_index("ix_samples_at", "samples", ["at"])


def downgrade() -> None:
    op.drop_table("samples")
