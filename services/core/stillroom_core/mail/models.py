"""The table of letters."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, LargeBinary, String, text
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.sealing import Address
from stillroom_core.tables import Keyed, Table

# Letters are to people, who belong to no organization.
_NOBODYS = UUID(int=0)


class Mail(Keyed, Table):
    """A letter to one person. Its words are sealed, because they hold links that open accounts."""

    __tablename__ = "mails"
    __table_args__ = (Index("ix_mails_waiting", "next_try_at", postgresql_where=text("sent_at is null")),)

    recipient: Mapped[str] = mapped_column(String(254))
    subject: Mapped[str] = mapped_column(String(300))
    text_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)  # removed once it has been handed over
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    sent_at: Mapped[datetime | None]  # handed over, or given up
    error: Mapped[str | None] = mapped_column(String(300))

    @property
    def address(self) -> Address:
        """What its sealed words are bound to."""
        return Address(_NOBODYS, self.id, "mail")
