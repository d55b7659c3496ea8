"""Describe products

Revision ID: c2e8417f90ad
Revises: 5b90d2f7a6c4
Create Date: 2026-03-23 15:55:10

"""
import sqlalchemy as sa
from alembic import op

revision = "c2e8417f90ad"
down_revision = "5b90d2f7a6c4"
branch_labels = None
depends_on = None

def upgrade():
    op.add_column("products", sa.Column("description", sa.Text, server_default="", nullable=False))
    op.add_column("products", sa.Column("discontinued_at", sa.DateTime(timezone=True)))


def downgrade():
    op.drop_column("products", "discontinued_at")
    op.drop_column("products", "description")
