"""logs are removed after a while

Revision ID: 0005
Revises: 0004
Create Date: 2026-11-24 11:00:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0005"
down_revision: str | Sequence[str] | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("jobs", sa.Column("log_removed_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("jobs", sa.Column("log_stored", sa.Boolean(), server_default=sa.text("true"), nullable=False))
    op.create_index("ix_jobs_log_stored", "jobs", ["finished_at"], postgresql_where=sa.text("log_stored"))


def downgrade() -> None:
    op.drop_index("ix_jobs_log_stored", table_name="jobs", postgresql_where=sa.text("log_stored"))
    op.drop_column("jobs", "log_stored")
    op.drop_column("jobs", "log_removed_at")
