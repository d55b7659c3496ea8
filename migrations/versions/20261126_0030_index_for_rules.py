"""an index of the environments that have a rule, which every round of the sweeper asks for

Revision ID: 0030
Revises: 0029
Create Date: 2026-11-26 15:00:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0030"
down_revision: str | Sequence[str] | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_environments_auto_upgrade", "environments", ["id"], postgresql_where=sa.text("auto_upgrade"))


def downgrade() -> None:
    op.drop_index("ix_environments_auto_upgrade", table_name="environments")
