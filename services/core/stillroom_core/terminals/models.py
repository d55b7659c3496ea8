"""The table of terminals that ask to be signed in."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table

WAITING, APPROVED, REFUSED, TAKEN, ENDED = ("waiting", "approved", "refused", "taken", "ended")


class Terminal(Keyed, Table):
    """One that asked; it belongs to nobody until somebody answers, and to nobody else from then on."""

    __tablename__ = "terminals"
    __table_args__ = (CheckConstraint("state in ('waiting', 'approved', 'refused', 'taken', 'ended')", name="state"),)

    secret_hash: Mapped[bytes] = mapped_column(LargeBinary, unique=True)  # SHA-256: the secret is random
    code: Mapped[str] = mapped_column(String(8), unique=True)
    name: Mapped[str] = mapped_column(String(200))  # as it says; nothing vouches for it
    address: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    answered_at: Mapped[datetime | None]
    # Who answered, in which sign-in of theirs, as it was then.
    user_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    family_id: Mapped[UUID | None]
    token_version: Mapped[int | None]
