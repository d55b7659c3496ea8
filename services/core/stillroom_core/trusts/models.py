"""The table of trusts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table


class Trust(Keyed, Table):
    """Whose identity tokens are taken, with which claims, for whom, and what the token they get may do."""

    __tablename__ = "trusts"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        # With the service account that it acts as, a trust ends.
        ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        CheckConstraint("life_minutes between 1 and 60", name="life_minutes"),
    )

    organization_id: Mapped[UUID]
    user_id: Mapped[UUID]
    name: Mapped[str] = mapped_column(String(200))
    issuer: Mapped[str] = mapped_column(String(500))
    audience: Mapped[str] = mapped_column(String(500))
    claims: Mapped[list[dict[str, Any]]]  # [{name, pattern}]; all of them must match

    project_ids: Mapped[list[str] | None] = mapped_column(JSONB)
    environment_ids: Mapped[list[str] | None] = mapped_column(JSONB)
    permissions: Mapped[list[str]]
    life_minutes: Mapped[int]

    # The issuer's public keys as last fetched, so that every process has them.
    jwks: Mapped[list[dict[str, Any]] | None] = mapped_column(JSONB)
    jwks_fetched_at: Mapped[datetime | None]
    jwks_asked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(200))
