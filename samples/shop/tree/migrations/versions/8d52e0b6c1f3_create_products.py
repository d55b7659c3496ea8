"""Create products

Revision ID: 8d52e0b6c1f3
Revises: 3f1c9a7e2b40
Create Date: 2026-02-04 16:40:05

"""
import sqlalchemy as sa
from alembic import op

revision = "8d52e0b6c1f3"
down_revision = "3f1c9a7e2b40"
branch_labels = None
depends_on = None

def upgrade():
    op.create_table(
        "products",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("sku", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("price_cents", sa.Integer, nullable=False),
        sa.CheckConstraint("price_cents >= 0", name="ck_products_price"),
        sa.UniqueConstraint("sku", name="uq_products_sku"),
    )


def downgrade():
    op.drop_table("products")
