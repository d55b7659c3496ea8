"""Who is, or was, platform staff."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, text
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Table


class Staff(Table):
    """A person who runs the installation. A row stays when it ends: who was staff once is not made it by a restart."""

    __tablename__ = "staff"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    since: Mapped[datetime] = mapped_column(server_default=text("now()"))
    ended_at: Mapped[datetime | None]
