"""Backfill the full names in batches

Second step of three. Safe to stop and to start again: it continues where it was.

Revision ID: e960f1c4b2d7
Revises: 71d3b5a8e4f2
Create Date: 2026-04-14 13:20:46

"""
import sqlalchemy as sa
from alembic import op

revision = "e960f1c4b2d7"
down_revision = "71d3b5a8e4f2"
branch_labels = None
depends_on = None

BATCH = 100


def upgrade():
    batch = sa.text(
        """
        UPDATE customers
           SET full_name = concat_ws(' ', first_name, last_name)
         WHERE id IN (SELECT id FROM customers WHERE full_name IS NULL ORDER BY id LIMIT :batch)
        """
    )
    # Each batch is a transaction of its own: no customer stays locked for the length of the whole table.
    with op.get_context().autocommit_block():
        connection = op.get_bind()
        while connection.execute(batch, {"batch": BATCH}).rowcount:
            pass


def downgrade():
    op.execute("UPDATE customers SET full_name = NULL")
