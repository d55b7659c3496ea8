"""tunnels

Revision ID: 0037
Revises: 0036
Create Date: 2026-11-26 19:40:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0037"
down_revision: str | Sequence[str] | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "environments",
        sa.Column("tunnel", postgresql.JSONB(none_as_null=True, astext_type=sa.Text()), nullable=True),
    )
    op.add_column("environments", sa.Column("tunnel_key_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("environments", "tunnel_key_sealed")
    op.drop_column("environments", "tunnel")
