"""The table of API tokens."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table


class ApiToken(Keyed, Table):
    """One token: whose it is, what it may do at most, where from and until when. Of itself only a hash is kept."""

    __tablename__ = "api_tokens"
    __table_args__ = (
        # Who leaves the organization takes every token along.
        ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        # With a trust every token that it gave ends.
        ForeignKeyConstraint(
            ["organization_id", "trust_id"], ["trusts.organization_id", "trusts.id"], ondelete="CASCADE"
        ),
        UniqueConstraint("organization_id", "identity_hash"),
        Index("ix_api_tokens_trust_id_expires_at", "trust_id", "expires_at"),
        CheckConstraint("kind in ('person', 'service')", name="kind"),
        Index("ix_api_tokens_organization_id_user_id", "organization_id", "user_id"),
    )

    organization_id: Mapped[UUID]
    user_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(200))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary)  # SHA-256: the token is random

    # Of a pipeline that came with an identity token: by which trust, and a hash of that token's id: it counts once.
    trust_id: Mapped[UUID | None]
    identity_hash: Mapped[bytes | None] = mapped_column(LargeBinary)

    # Null means all of those that the owner has; the owner's rights are asked anew at every request.
    project_ids: Mapped[list[str] | None] = mapped_column(JSONB)
    environment_ids: Mapped[list[str] | None] = mapped_column(JSONB)
    permissions: Mapped[list[str]]
    networks: Mapped[list[str]]  # CIDR; empty: from everywhere

    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None]
    last_used_address: Mapped[str | None] = mapped_column(String(64))
    rotated_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(200))
    maker_id: Mapped[UUID | None]  # who was shown its present text, and so may not approve what it asks for
