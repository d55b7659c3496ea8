"""Merge billing into the shop

Revision ID: 96a2f8e1d7c5
Revises: 0a7f5d38c6be, 4cd07a92e8b6
Create Date: 2026-05-18 09:30:00

"""

revision = "96a2f8e1d7c5"
down_revision = ("0a7f5d38c6be", "4cd07a92e8b6")
branch_labels = None
depends_on = None


def upgrade():
    pass


def downgrade():
    pass
