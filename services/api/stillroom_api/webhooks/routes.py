"""Webhooks: make, change, test, see what was delivered, send again."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from stillroom_api.authorization import in_organization
from stillroom_api.context import Transaction
from stillroom_api.webhooks.schemas import (
    Deliveries,
    DeliveryRead,
    DeliveryWithPayload,
    WebhookChanges,
    WebhookMade,
    WebhookNew,
    WebhookRead,
    Webhooks,
)
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.webhooks import service

router = APIRouter(prefix="/api/orgs/{org}/webhooks", tags=["webhooks"])

Manager = Annotated[Actor, in_organization(Permission.ORGANIZATION_MANAGE)]


@router.get("")
async def list_webhooks(session: Transaction, actor: Manager) -> Webhooks:
    """The organization's webhooks."""
    return Webhooks(items=[WebhookRead.of(hook) for hook in await service.list_webhooks(session, actor)])


@router.post("", status_code=201)
async def create_webhook(body: WebhookNew, session: Transaction, actor: Manager) -> WebhookMade:
    """Makes a webhook; its secret is in this answer and nowhere else."""
    hook, secret = await service.create_webhook(session, actor, body.model_dump())
    await session.refresh(hook)
    return WebhookMade.with_secret(hook, secret)


@router.patch("/{webhook}")
async def change_webhook(webhook: UUID, body: WebhookChanges, session: Transaction, actor: Manager) -> WebhookRead:
    """Changes a webhook, or switches it off and on."""
    return WebhookRead.of(await service.update_webhook(session, actor, webhook, body.given()))


@router.delete("/{webhook}", status_code=204)
async def delete_webhook(webhook: UUID, session: Transaction, actor: Manager) -> None:
    """Removes a webhook and its log."""
    await service.delete_webhook(session, actor, webhook)


@router.post("/{webhook}/secret")
async def rotate_webhook_secret(webhook: UUID, session: Transaction, actor: Manager) -> WebhookMade:
    """Another secret; the former one signs nothing any more."""
    return WebhookMade.with_secret(*await service.rotate_secret(session, actor, webhook))


@router.post("/{webhook}/test", status_code=202)
async def test_webhook(webhook: UUID, session: Transaction, actor: Manager) -> DeliveryRead:
    """Sends a message of its own; look at the deliveries to see what came of it."""
    delivery = await service.send_test(session, actor, webhook)
    await session.refresh(delivery)
    return DeliveryRead.model_validate(delivery)


@router.get("/{webhook}/deliveries")
async def list_deliveries(
    webhook: UUID,
    session: Transaction,
    actor: Manager,
    before: Annotated[UUID | None, Query(description="the `next` of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 30,
) -> Deliveries:
    """What was sent, and what waits, for a month."""
    found = list(await service.list_deliveries(session, actor, webhook, before=before, limit=limit + 1))
    items, more = found[:limit], found[limit:]
    return Deliveries(
        items=[DeliveryRead.model_validate(one) for one in items], next=items[-1].id if more and items else None
    )


@router.get("/{webhook}/deliveries/{delivery}")
async def read_delivery(webhook: UUID, delivery: UUID, session: Transaction, actor: Manager) -> DeliveryWithPayload:
    """One message with what it says."""
    return DeliveryWithPayload.model_validate(await service.find_delivery(session, actor, webhook, delivery))


@router.post("/{webhook}/deliveries/{delivery}/send", status_code=202)
async def send_delivery(webhook: UUID, delivery: UUID, session: Transaction, actor: Manager) -> DeliveryRead:
    """Sends a message again, under the same id."""
    found = await service.send_again(session, actor, webhook, delivery)
    await session.refresh(found)
    return DeliveryRead.model_validate(found)
