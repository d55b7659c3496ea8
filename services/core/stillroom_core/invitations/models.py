"""The table of invitations."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table


class Invitation(Keyed, Table):
    """One place in an organization, for whoever holds its link; with an address, for that person only."""

    __tablename__ = "invitations"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        CheckConstraint("role in ('owner', 'admin', 'member')", name="role"),
        Index("ix_invitations_organization_id", "organization_id"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    email: Mapped[str | None] = mapped_column(String(254))
    role: Mapped[str] = mapped_column(String(16))
    groups: Mapped[list[str]]  # ids; those that are gone when it is accepted are left out
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)  # SHA-256: the token is random
    invited_by: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    invited_by_name: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[datetime]
    accepted_at: Mapped[datetime | None]
    accepted_by_name: Mapped[str | None] = mapped_column(String(200))
    revoked_at: Mapped[datetime | None]
