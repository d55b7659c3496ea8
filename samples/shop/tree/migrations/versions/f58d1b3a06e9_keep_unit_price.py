"""Keep the price that a line was sold at

Revision ID: f58d1b3a06e9
Revises: 27e6c0f8b9d4
Create Date: 2026-08-24 10:02:13

"""
import sqlalchemy as sa
from alembic import op

revision = "f58d1b3a06e9"
down_revision = "27e6c0f8b9d4"
branch_labels = None
depends_on = None

def upgrade():
    op.add_column("order_lines", sa.Column("unit_price_cents", sa.Integer))
    op.execute(
        """
        UPDATE order_lines
           SET unit_price_cents = products.price_cents
          FROM products
         WHERE products.id = order_lines.product_id
        """
    )
    op.alter_column("order_lines", "unit_price_cents", nullable=False)


def downgrade():
    op.drop_column("order_lines", "unit_price_cents")
