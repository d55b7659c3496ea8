"""Git hosts tell of pushes, and projects are fetched by themselves

Revision ID: 0026
Revises: 0025
Create Date: 2026-11-26 05:20:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0026"
down_revision: str | Sequence[str] | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("projects", sa.Column("poll_minutes", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("projects", sa.Column("hook_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("projects", sa.Column("hook_set_at", _TIME, nullable=True))
    op.add_column("projects", sa.Column("hook_came_at", _TIME, nullable=True))
    op.add_column("projects", sa.Column("hook_said", sa.String(16), nullable=True))


def downgrade() -> None:
    for column in ("hook_said", "hook_came_at", "hook_set_at", "hook_sealed", "poll_minutes"):
        op.drop_column("projects", column)
