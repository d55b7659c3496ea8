"""The tables of webhooks and of what is delivered to them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.sealing import Address
from stillroom_core.tables import Keyed, Table

FORMATS = ("stillroom", "slack")


class Webhook(Keyed, Table):
    """Where an organization wants to be told of what; address and secret are sealed, for both let somebody in."""

    __tablename__ = "webhooks"
    __table_args__ = (
        UniqueConstraint("organization_id", "id"),
        CheckConstraint("format in ('stillroom', 'slack')", name="format"),
    )

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    url_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    host: Mapped[str] = mapped_column(String(300))  # what is shown of the address
    secret_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    secret_set_at: Mapped[datetime]
    format: Mapped[str] = mapped_column(String(16), server_default=text("'stillroom'"))
    events: Mapped[list[str]]
    project_ids: Mapped[list[str] | None] = mapped_column(JSONB)  # null: all of them
    failing_since: Mapped[datetime | None]  # nothing has got through since then
    disabled_at: Mapped[datetime | None]
    disabled_because: Mapped[str | None] = mapped_column(String(16))  # asked, failing, gone
    created_by: Mapped[str] = mapped_column(String(200))

    def address(self, field: str) -> Address:
        """What a sealed field is bound to."""
        return Address(self.organization_id, self.id, field)


class WebhookDelivery(Keyed, Table):
    """One message to one webhook: written with what it tells of, sent after the commit, and kept as a log."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "webhook_id"], ["webhooks.organization_id", "webhooks.id"], ondelete="CASCADE"
        ),
        CheckConstraint("state in ('waiting', 'delivered', 'failed')", name="state"),
        Index("ix_webhook_deliveries_waiting", "next_try_at", postgresql_where=text("state = 'waiting'")),
        Index("ix_webhook_deliveries_webhook_id_id", "webhook_id", "id"),
        Index("ix_webhook_deliveries_created_at", "created_at"),
    )

    organization_id: Mapped[UUID]
    webhook_id: Mapped[UUID]
    event: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]]
    state: Mapped[str] = mapped_column(String(16), server_default=text("'waiting'"))
    tries: Mapped[int] = mapped_column(server_default=text("0"))
    next_try_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    tried_at: Mapped[datetime | None]
    took_ms: Mapped[int | None]
    status: Mapped[int | None]
    response: Mapped[str | None] = mapped_column(String(600))  # the first bytes of what was answered
    error: Mapped[str | None] = mapped_column(String(32))  # why nothing was answered
