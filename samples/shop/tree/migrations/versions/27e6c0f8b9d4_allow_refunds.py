"""Allow refunds

Revision ID: 27e6c0f8b9d4
Revises: d30b7c5e94a1
Create Date: 2026-07-06 15:18:24

"""
import sqlalchemy as sa
from alembic import op

revision = "27e6c0f8b9d4"
down_revision = "d30b7c5e94a1"
branch_labels = None
depends_on = None

def upgrade():
    # A value cannot be used in the transaction that adds it.
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE order_status ADD VALUE IF NOT EXISTS 'refunded'")
    op.add_column("orders", sa.Column("refunded_at", sa.DateTime(timezone=True)))
    op.create_check_constraint(
        "ck_orders_refunded", "orders", "(status = 'refunded') = (refunded_at IS NOT NULL)"
    )


def downgrade():
    op.drop_constraint("ck_orders_refunded", "orders")
    op.drop_column("orders", "refunded_at")
    # PostgreSQL cannot take a value out of an enum: make the type anew. Refunded orders had been paid.
    op.execute("ALTER TYPE order_status RENAME TO order_status_old")
    op.execute("CREATE TYPE order_status AS ENUM ('pending', 'paid', 'shipped')")
    op.execute("ALTER TABLE orders ALTER COLUMN status DROP DEFAULT")
    op.execute(
        """
        ALTER TABLE orders ALTER COLUMN status TYPE order_status
        USING (CASE status::text WHEN 'refunded' THEN 'paid' ELSE status::text END)::order_status
        """
    )
    op.execute("ALTER TABLE orders ALTER COLUMN status SET DEFAULT 'pending'")
    op.execute("DROP TYPE order_status_old")
