"""limits on idling in a transaction and on making others wait

Revision ID: 0003
Revises: 0002
Create Date: 2026-11-24 04:40:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0003"
down_revision: str | Sequence[str] | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column(
        "environments", sa.Column("idle_timeout_s", sa.Integer(), server_default=sa.text("900"), nullable=False)
    )
    op.add_column(
        "environments", sa.Column("blocking_limit_s", sa.Integer(), server_default=sa.text("0"), nullable=False)
    )


def downgrade() -> None:
    op.drop_column("environments", "blocking_limit_s")
    op.drop_column("environments", "idle_timeout_s")
