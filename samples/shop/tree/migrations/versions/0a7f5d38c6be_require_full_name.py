"""Require the full name, drop its parts

Third step of three.

Revision ID: 0a7f5d38c6be
Revises: e960f1c4b2d7
Create Date: 2026-05-04 10:11:19

"""
import sqlalchemy as sa
from alembic import op

revision = "0a7f5d38c6be"
down_revision = "e960f1c4b2d7"
branch_labels = None
depends_on = None

def upgrade():
    op.alter_column("customers", "full_name", nullable=False)
    op.drop_column("customers", "last_name")
    op.drop_column("customers", "first_name")


def downgrade():
    op.add_column("customers", sa.Column("first_name", sa.Text))
    op.add_column("customers", sa.Column("last_name", sa.Text))
    op.execute(
        """
        UPDATE customers
           SET first_name = split_part(full_name, ' ', 1),
               last_name = substr(full_name, length(split_part(full_name, ' ', 1)) + 2)
        """
    )
    op.alter_column("customers", "first_name", nullable=False)
    op.alter_column("customers", "last_name", nullable=False)
    op.alter_column("customers", "full_name", nullable=True)
