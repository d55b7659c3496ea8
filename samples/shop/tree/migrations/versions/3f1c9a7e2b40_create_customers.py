"""Create customers

Revision ID: 3f1c9a7e2b40
Revises: 
Create Date: 2026-02-02 09:14:27

"""
import sqlalchemy as sa
from alembic import op

revision = "3f1c9a7e2b40"
down_revision = None
branch_labels = None
depends_on = None

def upgrade():
    op.create_table(
        "customers",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("first_name", sa.Text, nullable=False),
        sa.Column("last_name", sa.Text, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False),
    )
    op.create_unique_constraint("uq_customers_email", "customers", ["email"])


def downgrade():
    op.drop_table("customers")
