"""The outbox of webhooks: which of them listen, and the messages that wait for them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select

from stillroom_core.database import Session
from stillroom_core.happenings.kinds import Happening, Told, content_of
from stillroom_core.keys import new_key
from stillroom_core.tables import now
from stillroom_core.webhooks.models import Webhook, WebhookDelivery

TEST = "webhook.test"


async def listening(session: Session, organization_id: UUID, project_id: UUID, happening: Happening) -> list[Webhook]:
    """The organization's webhooks that want to be told of this in this project."""
    found = await session.scalars(
        select(Webhook).where(
            Webhook.organization_id == organization_id,
            Webhook.disabled_at.is_(None),
            Webhook.events.contains([happening.value]),
            or_(Webhook.project_ids.is_(None), Webhook.project_ids.contains([str(project_id)])),
        )
    )
    return list(found)


def delivery_of(hook: Webhook, told: Told) -> WebhookDelivery:
    """The message to one webhook."""
    return new_delivery(hook, told.happening, told.text, {**content_of(told.place), **told.data})


def new_delivery(hook: Webhook, event: str, text: str, data: Mapping[str, Any]) -> WebhookDelivery:
    """A message that waits; its id is the same however often it is sent."""
    payload = {"type": event, "timestamp": now().isoformat(), "text": text, "data": dict(data)}
    return WebhookDelivery(
        id=new_key(), organization_id=hook.organization_id, webhook_id=hook.id, event=event, payload=payload, tries=0
    )
