"""an index for the roles of a person, which every request asks for

Revision ID: 0016
Revises: 0015
Create Date: 2026-11-26 04:00:00+00:00
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0016"
down_revision: str | Sequence[str] | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_project_memberships_user_id", "project_memberships", ["user_id"])


def downgrade() -> None:
    op.drop_index("ix_project_memberships_user_id", table_name="project_memberships")
