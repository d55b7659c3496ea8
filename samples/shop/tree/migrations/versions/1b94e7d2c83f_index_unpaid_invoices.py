"""Find unpaid invoices quickly

Revision ID: 1b94e7d2c83f
Revises: f58d1b3a06e9
Create Date: 2026-10-12 12:36:58

"""
import sqlalchemy as sa
from alembic import op

revision = "1b94e7d2c83f"
down_revision = "f58d1b3a06e9"
branch_labels = None
depends_on = None

def upgrade():
    with op.get_context().autocommit_block():
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_invoices_unpaid")
        op.create_index(
            "ix_invoices_unpaid",
            "invoices",
            ["issued_at"],
            postgresql_where=sa.text("paid_at IS NULL"),
            postgresql_concurrently=True,
        )


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("ix_invoices_unpaid", "invoices", postgresql_concurrently=True)
