"""approvals, change windows and freezes

Revision ID: 0025
Revises: 0024
Create Date: 2026-11-26 04:30:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0025"
down_revision: str | Sequence[str] | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

_POLICY = (
    "approvals_needed",
    "approver_role",
    "approver_group_id",
    "approval_hours",
    "windows",
    "windows_zone",
    "predecessor_id",
)


def upgrade() -> None:
    json = postgresql.JSONB(astext_type=sa.Text())
    time = sa.DateTime(timezone=True)
    late = {"deferrable": True, "initially": "DEFERRED"}
    op.add_column("users", sa.Column("maker_id", sa.Uuid(), nullable=True))
    op.add_column("api_tokens", sa.Column("maker_id", sa.Uuid(), nullable=True))
    for column in (
        sa.Column("approvals_needed", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("approver_role", sa.String(16), server_default=sa.text("'maintainer'"), nullable=False),
        sa.Column("approver_group_id", sa.Uuid(), nullable=True),
        sa.Column("approval_hours", sa.Integer(), server_default=sa.text("24"), nullable=False),
        sa.Column("windows", json, server_default=sa.text("'[]'"), nullable=False),
        sa.Column("windows_zone", sa.String(64), server_default=sa.text("'UTC'"), nullable=False),
        sa.Column("predecessor_id", sa.Uuid(), nullable=True),
    ):
        op.add_column("environments", column)
    op.create_check_constraint(
        op.f("ck_environments_approvals_needed"), "environments", "approvals_needed between 0 and 10"
    )
    op.create_check_constraint(
        op.f("ck_environments_approver_role"), "environments", "approver_role in ('maintainer', 'admin', 'owner')"
    )
    op.create_foreign_key(
        op.f("fk_environments_predecessor"),
        "environments",
        "environments",
        ["organization_id", "project_id", "predecessor_id"],
        ["organization_id", "project_id", "id"],
        **late,
    )
    op.create_foreign_key(
        op.f("fk_environments_organization_id_approver_group_id_groups"),
        "environments",
        "groups",
        ["organization_id", "approver_group_id"],
        ["organization_id", "id"],
        **late,
    )
    op.create_table(
        "freezes",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=True),
        sa.Column("starts_at", time, nullable=False),
        sa.Column("ends_at", time, nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("actor_name", sa.String(200), nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", time, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_freezes_order")),
        sa.ForeignKeyConstraint(
            ["organization_id", "project_id"],
            ["projects.organization_id", "projects.id"],
            name=op.f("fk_freezes_organization_id_project_id_projects"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "project_id", "environment_id"],
            ["environments.organization_id", "environments.project_id", "environments.id"],
            name=op.f("fk_freezes_environment"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_freezes")),
    )
    op.create_index("ix_freezes_project_id_ends_at", "freezes", ["project_id", "ends_at"])
    op.create_table(
        "approval_requests",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("project_id", sa.Uuid(), nullable=False),
        sa.Column("environment_id", sa.Uuid(), nullable=False),
        sa.Column("database_id", sa.Uuid(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(16), server_default=sa.text("'open'"), nullable=False),
        sa.Column("actor_id", sa.Uuid(), nullable=True),
        sa.Column("actor_name", sa.String(200), nullable=False),
        sa.Column("token_id", sa.Uuid(), nullable=True),
        sa.Column("token_name", sa.String(200), nullable=True),
        sa.Column("owners", json, nullable=False),
        sa.Column("least", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.String(500), nullable=True),
        sa.Column("idempotency_key", sa.String(200), nullable=True),
        sa.Column("request_digest", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", time, nullable=False),
        sa.Column("closed_at", time, nullable=True),
        sa.Column("closed_by", sa.String(200), nullable=True),
        sa.Column("ended", json, nullable=True),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", time, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint(
            "state in ('open', 'approved', 'started', 'rejected', 'withdrawn', 'expired', 'void')",
            name=op.f("ck_approval_requests_state"),
        ),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_approval_requests_actor_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "project_id", "environment_id"],
            ["environments.organization_id", "environments.project_id", "environments.id"],
            name=op.f("fk_approval_requests_environment"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "database_id"],
            ["databases.organization_id", "databases.id"],
            name=op.f("fk_approval_requests_organization_id_database_id_databases"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "plan_id"],
            ["plans.organization_id", "plans.id"],
            name=op.f("fk_approval_requests_organization_id_plan_id_plans"),
            **late,
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_requests")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_approval_requests_organization_id_id")),
        sa.UniqueConstraint(
            "organization_id", "idempotency_key", name=op.f("uq_approval_requests_organization_id_idempotency_key")
        ),
    )
    op.create_index(
        "ix_approval_requests_waiting",
        "approval_requests",
        ["organization_id", "id"],
        postgresql_where=sa.text("closed_at is null"),
    )
    op.create_index(
        "ix_approval_requests_organization_id_actor_id_id", "approval_requests", ["organization_id", "actor_id", "id"]
    )
    for column in ("plan_id", "environment_id", "database_id"):
        op.create_index(f"ix_approval_requests_{column}", "approval_requests", [column])
    op.create_table(
        "approval_decisions",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("request_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("decided_at", time, nullable=False),
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", time, server_default=sa.text("now()"), nullable=False),
        sa.CheckConstraint("verdict in ('approve', 'reject')", name=op.f("ck_approval_decisions_verdict")),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_approval_decisions_user_id_users"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["organization_id", "request_id"],
            ["approval_requests.organization_id", "approval_requests.id"],
            name=op.f("fk_approval_decisions_request"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approval_decisions")),
        sa.UniqueConstraint("request_id", "user_id", name=op.f("uq_approval_decisions_request_id_user_id")),
    )
    op.create_index("ix_approval_decisions_user_id", "approval_decisions", ["organization_id", "user_id", "request_id"])
    op.add_column("jobs", sa.Column("request_id", sa.Uuid(), nullable=True))
    op.add_column("jobs", sa.Column("override_reason", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("overrode", json, nullable=True))
    op.create_foreign_key(
        op.f("fk_jobs_organization_id_request_id_approval_requests"),
        "jobs",
        "approval_requests",
        ["organization_id", "request_id"],
        ["organization_id", "id"],
        **late,
    )
    op.create_index(
        "ix_jobs_ledger",
        "jobs",
        ["database_id", "started_at", "id"],
        postgresql_where=sa.text("started_at is not null and finished_at is not null"),
    )
    op.create_index("ix_jobs_request_id", "jobs", ["request_id"], postgresql_where=sa.text("request_id is not null"))


def downgrade() -> None:
    op.drop_index("ix_jobs_ledger", "jobs")
    op.drop_constraint(op.f("fk_jobs_organization_id_request_id_approval_requests"), "jobs")
    for column in ("overrode", "override_reason", "request_id"):
        op.drop_column("jobs", column)
    op.drop_table("approval_decisions")
    op.drop_table("approval_requests")
    op.drop_table("freezes")
    for column in _POLICY:
        op.drop_column("environments", column)
    op.drop_column("api_tokens", "maker_id")
    op.drop_column("users", "maker_id")
