"""Identity providers of organizations

Revision ID: 0027
Revises: 0026
Create Date: 2026-11-26 05:20:00+00:00
"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = "0027"
down_revision: str | Sequence[str] | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def _keyed() -> tuple[sa.Column[object], sa.Column[object]]:
    created = sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False)
    return sa.Column("id", sa.Uuid(), nullable=False), created


def _of_provider(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["organization_id", "provider_id"],
        ["identity_providers.organization_id", "identity_providers.id"],
        name=op.f(f"fk_{table}_organization_id_provider_id_identity_providers"),
        ondelete="CASCADE",
    )


def upgrade() -> None:
    op.create_table(
        "identity_providers",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("issuer", sa.String(500), nullable=False),
        sa.Column("client_id", sa.String(300), nullable=False),
        sa.Column("client_secret_sealed", sa.LargeBinary()),
        sa.Column("admits", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("enforced", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("groups_claim", sa.String(100), server_default=sa.text("'groups'"), nullable=False),
        sa.Column("mapping", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        *_keyed(),
        sa.ForeignKeyConstraint(
            ["organization_id"],
            ["organizations.id"],
            name=op.f("fk_identity_providers_organization_id_organizations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identity_providers")),
        sa.UniqueConstraint("organization_id", name=op.f("uq_identity_providers_organization_id")),
        sa.UniqueConstraint("organization_id", "id", name=op.f("uq_identity_providers_organization_id_id")),
    )
    op.create_table(
        "provider_domains",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("domain", sa.String(253), nullable=False),
        sa.Column("proof", sa.String(100), nullable=False),
        sa.Column("proven_at", sa.DateTime(timezone=True)),
        *_keyed(),
        _of_provider("provider_domains"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_provider_domains")),
        sa.UniqueConstraint("organization_id", "domain", name=op.f("uq_provider_domains_organization_id_domain")),
    )
    op.create_index("ix_provider_domains_provider_id", "provider_domains", ["provider_id"])
    op.create_index(
        "uq_provider_domains_proven",
        "provider_domains",
        ["domain"],
        unique=True,
        postgresql_where=sa.text("proven_at is not null"),
    )
    op.create_table(
        "identities",
        sa.Column("organization_id", sa.Uuid(), nullable=False),
        sa.Column("provider_id", sa.Uuid(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("last_used_at", sa.DateTime(timezone=True), nullable=False),
        *_keyed(),
        _of_provider("identities"),
        sa.ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            name=op.f("fk_identities_organization_id_user_id_memberships"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_identities")),
        sa.UniqueConstraint("provider_id", "subject", name=op.f("uq_identities_provider_id_subject")),
    )
    op.create_index("ix_identities_organization_id_user_id", "identities", ["organization_id", "user_id"])


def downgrade() -> None:
    for table in ("identities", "provider_domains", "identity_providers"):
        op.drop_table(table)
