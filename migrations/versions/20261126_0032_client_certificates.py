"""client certificates of databases, with their sealed keys

Revision ID: 0032
Revises: 0031
Create Date: 2026-11-26 15:20:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0032"
down_revision: str | Sequence[str] | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("databases", sa.Column("client_certificate", sa.Text(), nullable=True))
    op.add_column("databases", sa.Column("client_key_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("databases", sa.Column("client_certificate_expires_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("databases", sa.Column("client_certificate_told_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_databases_client_certificate_expires_at",
        "databases",
        ["client_certificate_expires_at"],
        postgresql_where=sa.text("client_certificate_expires_at is not null"),
    )
    op.add_column("setups", sa.Column("client_key_sealed", sa.LargeBinary(), nullable=True))


def downgrade() -> None:
    op.drop_column("setups", "client_key_sealed")
    op.drop_index("ix_databases_client_certificate_expires_at", table_name="databases")
    op.drop_column("databases", "client_certificate_told_at")
    op.drop_column("databases", "client_certificate_expires_at")
    op.drop_column("databases", "client_key_sealed")
    op.drop_column("databases", "client_certificate")
