"""Add a full name to customers

First step of three: names are not everywhere a first and a last one. Nullable, so it takes no time.

Revision ID: 71d3b5a8e4f2
Revises: c2e8417f90ad
Create Date: 2026-04-13 09:48:02

"""
import sqlalchemy as sa
from alembic import op

revision = "71d3b5a8e4f2"
down_revision = "c2e8417f90ad"
branch_labels = None
depends_on = None

def upgrade():
    op.add_column("customers", sa.Column("full_name", sa.Text))


def downgrade():
    op.drop_column("customers", "full_name")
