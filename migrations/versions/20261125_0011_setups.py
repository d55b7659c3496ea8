"""setups: projects that somebody is adding

Revision ID: 0011
Revises: 0010
Create Date: 2026-11-25 22:55:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0011"
down_revision: str | Sequence[str] | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_STATES = "in ('idle', 'waiting', 'running', 'failed')"


def upgrade() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    time = sa.DateTime(timezone=True)
    op.create_table(
        "setups",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=False),
        sa.Column("touched_at", time, server_default=sa.text("now()"), nullable=False),
        sa.Column("git_url", sa.String(length=2000), nullable=False),
        sa.Column("git_ref", sa.String(length=255), nullable=True),
        sa.Column("credential_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("choices", json, server_default=sa.text("'{}'"), nullable=False),
        sa.Column("look_state", sa.String(length=16), server_default=sa.text("'waiting'"), nullable=False),
        sa.Column("look_requested_at", time, nullable=True),
        sa.Column("look_error", json, nullable=True),
        sa.Column("findings", json, nullable=True),
        sa.Column("database", json, nullable=True),
        sa.Column("password_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("test_state", sa.String(length=16), server_default=sa.text("'idle'"), nullable=False),
        sa.Column("test_requested_at", time, nullable=True),
        sa.Column("test_error", json, nullable=True),
        sa.Column("server", json, nullable=True),
        sa.Column("project_id", sa.Uuid(), nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", time, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(f"look_state {_STATES}", name=op.f("ck_setups_look_state")),
        sa.CheckConstraint(f"test_state {_STATES}", name=op.f("ck_setups_test_state")),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_setups_organization_id_organizations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"], name=op.f("fk_setups_actor_id_users"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["organization_id", "project_id"],
            ["projects.organization_id", "projects.id"],
            name=op.f("fk_setups_organization_id_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_setups")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_setups_organization_id_id")),
    )
    op.create_index("ix_setups_actor_id", "setups", ["actor_id"])
    op.create_index("ix_setups_organization_id_project_id", "setups", ["organization_id", "project_id"])


def downgrade() -> None:
    op.drop_table("setups")
