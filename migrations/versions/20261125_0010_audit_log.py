"""the audit log

Revision ID: 0010
Revises: 0009
Create Date: 2026-11-25 23:10:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0010"
down_revision: str | Sequence[str] | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_INDEXES = ("actor_id", "action", "project_id", "database_id")

# For whoever owns the table too; taking the trigger away is an act of its own, which the chain of hashes shows.
_ONLY_ADDED_TO = """
create function audit_entries_are_only_added() returns trigger language plpgsql as $$
begin
    raise exception 'entries of the audit log are neither changed nor removed' using errcode = 'insufficient_privilege';
end
$$
"""


def upgrade() -> None:
    op.create_table(
        "audit_entries",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_id", sa.Uuid()),
        sa.Column("actor_name", sa.String(200), nullable=False),
        sa.Column("token_id", sa.Uuid()),
        sa.Column("token_name", sa.String(200)),
        sa.Column("address", sa.String(64), nullable=False),
        sa.Column("request_id", sa.String(64), nullable=False),
        sa.Column("action", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reason", sa.String(200)),
        sa.Column("subject_kind", sa.String(32), nullable=False),
        sa.Column("subject_id", sa.String(64)),
        sa.Column("subject_name", sa.String(300)),
        sa.Column("project_id", sa.Uuid()),
        sa.Column("database_id", sa.Uuid()),
        sa.Column("before", postgresql.JSONB()),
        sa.Column("after", postgresql.JSONB()),
        sa.Column("previous_hash", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.UniqueConstraint("organization_id", "number", name="uq_audit_entries_organization_id_number"),
    )
    for column in _INDEXES:
        op.create_index(f"ix_audit_entries_{column}", "audit_entries", ["organization_id", column, "number"])
    op.execute(_ONLY_ADDED_TO)
    op.execute(
        "create trigger only_added before update or delete on audit_entries "
        "for each row execute function audit_entries_are_only_added()"
    )
    op.execute(
        "create trigger never_emptied before truncate on audit_entries "
        "for each statement execute function audit_entries_are_only_added()"
    )


def downgrade() -> None:
    op.drop_table("audit_entries")
    op.execute("drop function audit_entries_are_only_added()")
