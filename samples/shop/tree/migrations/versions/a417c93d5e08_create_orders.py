"""Create orders and their lines

Revision ID: a417c93d5e08
Revises: 8d52e0b6c1f3
Create Date: 2026-02-18 11:02:51

"""
import sqlalchemy as sa
from alembic import op

revision = "a417c93d5e08"
down_revision = "8d52e0b6c1f3"
branch_labels = None
depends_on = None

def upgrade():
    op.create_table(
        "orders",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("customer_id", sa.BigInteger, sa.ForeignKey("customers.id", name="fk_orders_customer"), nullable=False),
        sa.Column("placed_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    op.create_table(
        "order_lines",
        sa.Column("order_id", sa.BigInteger, sa.ForeignKey("orders.id", name="fk_order_lines_order"), primary_key=True),
        sa.Column("product_id", sa.BigInteger, sa.ForeignKey("products.id", name="fk_order_lines_product"), primary_key=True),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.CheckConstraint("quantity > 0", name="ck_order_lines_quantity"),
    )


def downgrade():
    op.drop_table("order_lines")
    op.drop_table("orders")
