"""Create invoices

Revision ID: b81e64d9f035
Revises: 5b90d2f7a6c4
Create Date: 2026-04-02 14:31:08

"""
import sqlalchemy as sa
from alembic import op

revision = "b81e64d9f035"
down_revision = "5b90d2f7a6c4"
branch_labels = "billing"
depends_on = None

def upgrade():
    op.create_table(
        "invoices",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("order_id", sa.BigInteger, sa.ForeignKey("orders.id", name="fk_invoices_order"), nullable=False),
        sa.Column("number", sa.Text, nullable=False),
        sa.Column("total_cents", sa.BigInteger, nullable=False),
        sa.Column("issued_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
        sa.Column("paid_at", sa.DateTime(timezone=True)),
        sa.UniqueConstraint("number", name="uq_invoices_number"),
    )


def downgrade():
    op.drop_table("invoices")
