"""Give orders a status

Revision ID: 5b90d2f7a6c4
Revises: a417c93d5e08
Create Date: 2026-03-09 10:27:33

"""
import sqlalchemy as sa
from alembic import op

revision = "5b90d2f7a6c4"
down_revision = "a417c93d5e08"
branch_labels = None
depends_on = None

status = sa.Enum("pending", "paid", "shipped", name="order_status")


def upgrade():
    status.create(op.get_bind())
    op.add_column("orders", sa.Column("status", status, server_default="pending", nullable=False))


def downgrade():
    op.drop_column("orders", "status")
    status.drop(op.get_bind())
