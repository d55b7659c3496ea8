"""Trusts: pipelines that come with an identity token of their own system

Revision ID: 0022
Revises: 0021
Create Date: 2026-11-26 04:50:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0022"
down_revision: str | Sequence[str] | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "trusts",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("audience", sa.String(500), nullable=False),
        sa.Column("claims", postgresql.JSONB(), nullable=False),
        sa.Column("project_ids", postgresql.JSONB()),
        sa.Column("environment_ids", postgresql.JSONB()),
        sa.Column("permissions", postgresql.JSONB(), nullable=False),
        sa.Column("life_minutes", sa.Integer(), nullable=False),
        sa.Column("jwks", postgresql.JSONB()),
        sa.Column("jwks_fetched_at", _TIME),
        sa.Column("jwks_asked_at", _TIME),
        sa.Column("last_used_at", _TIME),
        sa.Column("created_by", sa.String(200), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", _TIME, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("life_minutes between 1 and 60", name=op.f("ck_trusts_life_minutes")),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            name=op.f("fk_trusts_organization_id_user_id_memberships"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_trusts")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_trusts_organization_id_id")),
    )
    op.add_column("api_tokens", sa.Column("trust_id", sa.Uuid(), nullable=True))
    op.add_column("api_tokens", sa.Column("identity_hash", sa.LargeBinary(), nullable=True))
    op.create_foreign_key(
        op.f("fk_api_tokens_organization_id_trust_id_trusts"),
        "api_tokens",
        "trusts",
        ["organization_id", "trust_id"],
        ["organization_id", "id"],
        ondelete="CASCADE",
    )
    op.create_unique_constraint(
        op.f("uq_api_tokens_organization_id_identity_hash"), "api_tokens", ["organization_id", "identity_hash"]
    )
    op.create_index("ix_api_tokens_trust_id_expires_at", "api_tokens", ["trust_id", "expires_at"])


def downgrade() -> None:
    op.execute("delete from api_tokens where trust_id is not null")
    op.drop_index("ix_api_tokens_trust_id_expires_at", "api_tokens")
    op.drop_constraint(op.f("uq_api_tokens_organization_id_identity_hash"), "api_tokens")
    op.drop_constraint(op.f("fk_api_tokens_organization_id_trust_id_trusts"), "api_tokens")
    op.drop_column("api_tokens", "identity_hash")
    op.drop_column("api_tokens", "trust_id")
    op.drop_table("trusts")
