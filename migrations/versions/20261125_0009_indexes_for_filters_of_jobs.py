"""indexes for the filters of jobs: who asked, which revision

Revision ID: 0009
Revises: 0008
Create Date: 2026-11-25 22:45:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0009"
down_revision: str | Sequence[str] | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_jobs_organization_id_actor_name_id", "jobs", ["organization_id", "actor_name", "id"])
    op.create_index(
        "ix_jobs_organization_id_revision",
        "jobs",
        ["organization_id", "revision"],
        postgresql_ops={"revision": "varchar_pattern_ops"},
    )
    op.create_index(
        "ix_job_steps_organization_id_revision",
        "job_steps",
        ["organization_id", "revision"],
        postgresql_ops={"revision": "varchar_pattern_ops"},
        postgresql_where=sa.text("revision is not null"),
    )


def downgrade() -> None:
    op.drop_index("ix_job_steps_organization_id_revision", table_name="job_steps")
    op.drop_index("ix_jobs_organization_id_revision", table_name="jobs")
    op.drop_index("ix_jobs_organization_id_actor_name_id", table_name="jobs")
