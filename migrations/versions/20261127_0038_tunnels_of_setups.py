"""tunnels of setups

Revision ID: 0038
Revises: 0037
Create Date: 2026-11-27 00:05:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0038"
down_revision: str | Sequence[str] | None = "0037"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "setups",
        sa.Column("tunnel", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    )
    op.add_column("setups", sa.Column("tunnel_public_key", sa.Text(), nullable=True))
    op.add_column("setups", sa.Column("tunnel_key_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("setups", "tunnel_key_sealed")
    op.drop_column("setups", "tunnel_public_key")
    op.drop_column("setups", "tunnel")
