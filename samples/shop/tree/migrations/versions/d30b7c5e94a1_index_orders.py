"""Index orders by customer and date, concurrently

Revision ID: d30b7c5e94a1
Revises: 96a2f8e1d7c5
Create Date: 2026-06-08 11:44:52

"""
from alembic import op

revision = "d30b7c5e94a1"
down_revision = "96a2f8e1d7c5"
branch_labels = None
depends_on = None

def upgrade():
    with op.get_context().autocommit_block():
        # A build that was stopped half-way leaves an invalid index of this name behind.
        op.execute("DROP INDEX CONCURRENTLY IF EXISTS ix_orders_customer_placed")
        op.create_index(
            "ix_orders_customer_placed",
            "orders",
            ["customer_id", "placed_at"],
            postgresql_concurrently=True,
        )


def downgrade():
    with op.get_context().autocommit_block():
        op.drop_index("ix_orders_customer_placed", "orders", postgresql_concurrently=True)
