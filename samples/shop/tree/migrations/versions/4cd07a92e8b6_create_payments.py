"""Create payments

And one invoice for every order that was placed before there were invoices.

Revision ID: 4cd07a92e8b6
Revises: b81e64d9f035
Create Date: 2026-04-21 17:05:40

"""
import sqlalchemy as sa
from alembic import op

revision = "4cd07a92e8b6"
down_revision = "b81e64d9f035"
branch_labels = None
depends_on = None

def upgrade():
    op.create_table(
        "payments",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("invoice_id", sa.BigInteger, sa.ForeignKey("invoices.id", name="fk_payments_invoice"), nullable=False),
        sa.Column("amount_cents", sa.BigInteger, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    op.execute(
        """
        INSERT INTO invoices (order_id, number, total_cents, issued_at)
        SELECT o.id, 'INV-' || lpad(o.id::text, 6, '0'), sum(l.quantity * p.price_cents), o.placed_at
          FROM orders o
          JOIN order_lines l ON l.order_id = o.id
          JOIN products p ON p.id = l.product_id
         GROUP BY o.id
        """
    )


def downgrade():
    op.drop_table("payments")
    op.execute("DELETE FROM invoices")
