"""Reads and writes the webhooks and deliveries of one organization."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from stillroom_core.database import Session
from stillroom_core.errors import not_found
from stillroom_core.webhooks.models import Webhook, WebhookDelivery


class WebhookRepository:
    """The webhooks of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def listing(self) -> Sequence[Webhook]:
        """All of them, the newest first."""
        return (
            await self._session.scalars(
                select(Webhook).where(Webhook.organization_id == self._organization_id).order_by(Webhook.id.desc())
            )
        ).all()

    async def by_id(self, key: UUID) -> Webhook:
        """One of them; raises NotFound."""
        found = await self._session.scalar(
            select(Webhook).where(Webhook.id == key, Webhook.organization_id == self._organization_id)
        )
        if found is None:
            raise not_found("webhook")
        return found

    async def deliveries(self, webhook: UUID, *, before: UUID | None, limit: int) -> Sequence[WebhookDelivery]:
        """What was sent to one, or waits, the newest first."""
        query = (
            select(WebhookDelivery)
            .where(
                WebhookDelivery.webhook_id == webhook,
                WebhookDelivery.organization_id == self._organization_id,
            )
            .order_by(WebhookDelivery.id.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(WebhookDelivery.id < before)
        return (await self._session.scalars(query)).all()

    async def delivery(self, webhook: UUID, key: UUID) -> WebhookDelivery:
        """One of them; raises NotFound."""
        found = await self._session.scalar(
            select(WebhookDelivery).where(
                WebhookDelivery.id == key,
                WebhookDelivery.webhook_id == webhook,
                WebhookDelivery.organization_id == self._organization_id,
            )
        )
        if found is None:
            raise not_found("delivery")
        return found

    def add(self, row: Webhook | WebhookDelivery) -> None:
        """Adds a row of this organization."""
        row.organization_id = self._organization_id
        self._session.add(row)

    async def delete(self, webhook: Webhook) -> None:
        """Removes a webhook with its deliveries."""
        await self._session.delete(webhook)
