"""What leads from a job to its request

A job's row keeps the id of the request that asked for it, and its place in a trace: the message to the workers may be
lost, and the sweeper that sends another one knows neither.

Revision ID: 0019
Revises: 0018
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0019"
down_revision: str | Sequence[str] | None = "0018"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    """Adds a column without a default, which rewrites nothing."""
    op.add_column("jobs", sa.Column("trail", postgresql.JSONB(astext_type=sa.Text()), nullable=True))


def downgrade() -> None:
    """Forgets it."""
    op.drop_column("jobs", "trail")
