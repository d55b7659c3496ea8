"""indexes for lists of jobs, and plans known to be applied

Revision ID: 0006
Revises: 0005
Create Date: 2026-11-24 11:10:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0006"
down_revision: str | Sequence[str] | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_jobs_organization_id_state_id", "jobs", ["organization_id", "state", "id"])
    op.create_index("ix_jobs_environment_id_id", "jobs", ["environment_id", "id"])
    op.add_column("plans", sa.Column("applied", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.drop_index("ix_plans_expires_at", table_name="plans")
    op.create_index("ix_plans_expires_at", "plans", ["expires_at"], postgresql_where=sa.text("not applied"))


def downgrade() -> None:
    op.drop_index("ix_plans_expires_at", table_name="plans", postgresql_where=sa.text("not applied"))
    op.create_index("ix_plans_expires_at", "plans", ["expires_at"])
    op.drop_column("plans", "applied")
    op.drop_index("ix_jobs_environment_id_id", table_name="jobs")
    op.drop_index("ix_jobs_organization_id_state_id", table_name="jobs")
