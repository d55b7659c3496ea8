"""API tokens and service accounts

Revision ID: 0014
Revises: 0013
Create Date: 2026-11-25 23:30:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0014"
down_revision: str | Sequence[str] | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("users", sa.Column("kind", sa.String(16), server_default=sa.text("'person'"), nullable=False))
    op.add_column("jobs", sa.Column("token_name", sa.String(200), nullable=True))
    op.create_table(
        "api_tokens",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("project_ids", postgresql.JSONB()),
        sa.Column("environment_ids", postgresql.JSONB()),
        sa.Column("permissions", postgresql.JSONB(), nullable=False),
        sa.Column("networks", postgresql.JSONB(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True)),
        sa.Column("last_used_address", sa.String(64)),
        sa.Column("rotated_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("kind in ('person', 'service')", name=op.f("ck_api_tokens_kind")),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            name=op.f("fk_api_tokens_organization_id_user_id_memberships"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_tokens")),
    )
    op.create_index("ix_api_tokens_organization_id_user_id", "api_tokens", ["organization_id", "user_id"])


def downgrade() -> None:
    op.drop_table("api_tokens")
    op.drop_column("jobs", "token_name")
    op.execute("delete from users where kind = 'service'")
    op.drop_column("users", "kind")
