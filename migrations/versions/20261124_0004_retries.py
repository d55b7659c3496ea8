"""how often a run that lost to a lock begins again

Revision ID: 0004
Revises: 0003
Create Date: 2026-11-24 05:15:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0004"
down_revision: str | Sequence[str] | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("environments", sa.Column("retries", sa.Integer(), server_default=sa.text("2"), nullable=False))


def downgrade() -> None:
    op.drop_column("environments", "retries")
