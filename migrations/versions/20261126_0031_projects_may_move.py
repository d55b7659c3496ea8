"""references between rows of one project may be judged at the end of a transaction, so that it may be moved

Revision ID: 0031
Revises: 0030
Create Date: 2026-11-26 15:10:00+00:00
"""

from collections.abc import Sequence

from alembic import op

revision: str = "0031"
down_revision: str | Sequence[str] | None = "0030"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

# Where nobody asks for it they are judged at once, as before. Changes the catalog alone: no row is looked at.
_REFERENCES = {
    "commits": ["organization_id_project_id_projects"],
    "environments": ["organization_id_project_id_projects"],
    "revision_sources": ["organization_id_project_id_projects"],
    "databases": ["organization_id_project_id_environment_id__06fc"],
    "freezes": ["organization_id_project_id_projects", "environment"],
    "automatic_upgrades": ["organization_id_database_id_databases"],
    "catalogues": ["organization_id_database_id_databases"],
    "drafts": ["organization_id_project_id_projects", "organization_id_database_id_databases"],
    "plans": ["organization_id_project_id_environment_id_environments", "organization_id_database_id_databases"],
    "samples": ["organization_id_database_id_databases"],
    "approval_requests": ["environment", "organization_id_database_id_databases"],
    "approval_decisions": ["request"],
    "jobs": ["organization_id_project_id_environment_id_environments", "organization_id_database_id_databases"],
    "job_events": ["organization_id_job_id_jobs"],
    "job_steps": ["organization_id_job_id_jobs"],
    "schema_changes": [
        "organization_id_project_id_projects",
        "organization_id_database_id_databases",
        "organization_id_job_id_jobs",
    ],
}


def upgrade() -> None:
    _alter("deferrable")


def downgrade() -> None:
    _alter("not deferrable")


def _alter(how: str) -> None:
    for table, names in _REFERENCES.items():
        for name in names:
            op.execute(f"alter table {table} alter constraint fk_{table}_{name} {how}")
