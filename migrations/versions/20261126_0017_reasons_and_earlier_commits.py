"""the reason of a job; plans on a commit that was chosen

Revision ID: 0017
Revises: 0016
Create Date: 2026-11-26 04:10:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0017"
down_revision: str | Sequence[str] | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    # Null stays allowed for stamps: those of before have none, and none is made up for them.
    op.add_column("jobs", sa.Column("reason", sa.String(length=500), nullable=True))
    op.add_column("plans", sa.Column("commit_chosen", sa.Boolean(), server_default=sa.text("false"), nullable=False))


def downgrade() -> None:
    op.drop_column("plans", "commit_chosen")
    op.drop_column("jobs", "reason")
