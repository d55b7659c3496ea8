"""Single-use proofs that were sent by mail, and what happened to an account."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table


class AccountToken(Keyed, Table):
    """A link that proves an address (verify), allows a new password (reset) or moves an account (email)."""

    __tablename__ = "account_tokens"
    __table_args__ = (CheckConstraint("kind in ('verify', 'reset', 'email')", name="kind"),)

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    email: Mapped[str] = mapped_column(String(254))  # the address that it proves
    token_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)  # SHA-256: the token is random
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class AccountEvent(Keyed, Table):
    """A sign-in, a failed one, or a change of what protects an account; for the person to look through."""

    __tablename__ = "account_events"
    __table_args__ = (
        Index("ix_account_events_user_id_id", "user_id", "id"),
        Index("ix_account_events_created_at", "created_at"),
    )

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    action: Mapped[str] = mapped_column(String(64))  # account.verb
    outcome: Mapped[str] = mapped_column(String(16))  # done, refused, found
    reason: Mapped[str | None] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(64))
    user_agent: Mapped[str] = mapped_column(String(300))
    details: Mapped[dict[str, Any]]
