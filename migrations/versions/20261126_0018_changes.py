"""changes: which revision did what to which object

Revision ID: 0018
Revises: 0017
Create Date: 2026-11-26 04:00:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0018"
down_revision: str | Sequence[str] | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.add_column("revision_sources", sa.Column("changes", postgresql.JSONB(astext_type=sa.Text()), nullable=True))
    op.add_column("jobs", sa.Column("changes_read_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(
        "ix_jobs_changes_unread",
        "jobs",
        ["finished_at"],
        postgresql_where=sa.text("changes_read_at is null and kind in ('upgrade', 'downgrade', 'command')"),
    )
    op.create_table(
        "schema_changes",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("database_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.String(length=255), nullable=False),
        sa.Column("upgrade", sa.Boolean(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.String(length=8), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("schema", sa.String(length=63), nullable=False),
        sa.Column("table", sa.String(length=63), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("to", sa.String(length=63), nullable=False),
        sa.Column("to_schema", sa.String(length=63), nullable=False),
        sa.Column("line", sa.Integer(), nullable=True),
        *(
            sa.ForeignKeyConstraint(
                ["organization_id", f"{noun}_id"],
                [f"{noun}s.organization_id", f"{noun}s.id"],
                name=op.f(f"fk_schema_changes_organization_id_{noun}_id_{noun}s"),
                ondelete="CASCADE",
            )
            for noun in ("job", "project", "database")
        ),
        sa.PrimaryKeyConstraint("job_id", "position", name=op.f("pk_schema_changes")),
    )
    for column in ("name", "table", "to", "revision"):
        op.create_index(f"ix_schema_changes_database_id_{column}", "schema_changes", ["database_id", column])
    op.create_index("ix_schema_changes_project_id_revision", "schema_changes", ["project_id", "revision"])


def downgrade() -> None:
    op.drop_table("schema_changes")
    op.drop_index("ix_jobs_changes_unread", table_name="jobs")
    op.drop_column("jobs", "changes_read_at")
    op.drop_column("revision_sources", "changes")
