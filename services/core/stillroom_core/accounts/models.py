"""Single-use proofs that were sent by mail."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
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
