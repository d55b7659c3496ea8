"""Making and changing webhooks, and sending again."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func

from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.errors import Conflict
from stillroom_core.happenings.kinds import Happening
from stillroom_core.keys import new_key
from stillroom_core.mail.service import link_to
from stillroom_core.outbound.addresses import operator_networks
from stillroom_core.outbound.http import check_url, host_of
from stillroom_core.projects.service import find_project
from stillroom_core.sealing import seal
from stillroom_core.settings import get_settings
from stillroom_core.tables import now
from stillroom_core.webhooks.models import Webhook, WebhookDelivery
from stillroom_core.webhooks.outbox import TEST, new_delivery
from stillroom_core.webhooks.repository import WebhookRepository
from stillroom_core.webhooks.signing import new_secret

MOST = 50


async def list_webhooks(session: Session, actor: Actor) -> Sequence[Webhook]:
    """The organization's webhooks, the newest first."""
    return await WebhookRepository(session, actor.organization_id).listing()


async def create_webhook(session: Session, actor: Actor, content: Mapping[str, Any]) -> tuple[Webhook, str]:
    """A new webhook and its secret, which nobody sees again."""
    repository = WebhookRepository(session, actor.organization_id)
    if len(await repository.listing()) >= MOST:
        raise Conflict(
            "too_many_webhooks",
            f"An organization has at most {MOST} webhooks.",
            fix="Remove one that is not needed any more.",
        )
    hook = Webhook(id=new_key(), organization_id=actor.organization_id, created_by=actor.name)
    await _apply(session, actor, hook, content)
    secret = _give_secret(hook)
    repository.add(hook)
    await session.flush()
    return hook, secret


async def update_webhook(session: Session, actor: Actor, key: UUID, changes: Mapping[str, Any]) -> Webhook:
    """Changes what was given; switching on again forgets that it failed."""
    hook = await WebhookRepository(session, actor.organization_id).by_id(key)
    active = changes.get("active")
    await _apply(session, actor, hook, {name: value for name, value in changes.items() if name != "active"})
    if active is True:
        hook.disabled_at = hook.disabled_because = hook.failing_since = None
    elif active is False and hook.disabled_at is None:
        hook.disabled_at, hook.disabled_because = now(), "asked"
    await session.flush()
    return hook


async def rotate_secret(session: Session, actor: Actor, key: UUID) -> tuple[Webhook, str]:
    """Another secret for the same webhook; the former one signs nothing any more."""
    hook = await WebhookRepository(session, actor.organization_id).by_id(key)
    secret = _give_secret(hook)
    await session.flush()
    return hook, secret


async def delete_webhook(session: Session, actor: Actor, key: UUID) -> None:
    """Removes it; what waits for it is not sent any more."""
    repository = WebhookRepository(session, actor.organization_id)
    await repository.delete(await repository.by_id(key))


async def send_test(session: Session, actor: Actor, key: UUID) -> WebhookDelivery:
    """A message of its own, to see whether it arrives."""
    repository = WebhookRepository(session, actor.organization_id)
    hook = await repository.by_id(key)
    _require_on(hook)
    place = {"id": str(actor.organization_id), "slug": actor.organization_slug, "name": actor.organization_name}
    data = {"organization": place, "url": link_to(f"{actor.organization_slug}/webhooks")}
    delivery = new_delivery(hook, TEST, f"A test, sent by {actor.name}.", data)
    repository.add(delivery)
    await session.flush()
    return delivery


async def list_deliveries(
    session: Session, actor: Actor, key: UUID, *, before: UUID | None, limit: int
) -> Sequence[WebhookDelivery]:
    """What was sent to a webhook, or waits, the newest first."""
    repository = WebhookRepository(session, actor.organization_id)
    hook = await repository.by_id(key)
    return await repository.deliveries(hook.id, before=before, limit=limit)


async def find_delivery(session: Session, actor: Actor, key: UUID, delivery: UUID) -> WebhookDelivery:
    """One of them; raises NotFound."""
    return await WebhookRepository(session, actor.organization_id).delivery(key, delivery)


async def send_again(session: Session, actor: Actor, key: UUID, delivery: UUID) -> WebhookDelivery:
    """Sends a message once more, under the same id, beginning at once."""
    repository = WebhookRepository(session, actor.organization_id)
    _require_on(await repository.by_id(key))
    found = await repository.delivery(key, delivery)
    found.state, found.tries, found.next_try_at = "waiting", 0, func.clock_timestamp()
    await session.flush()
    return found


def _require_on(hook: Webhook) -> None:
    if hook.disabled_at is not None:
        raise Conflict("webhook_off", "This webhook is switched off.", fix="Switch it on first.")


def _give_secret(hook: Webhook) -> str:
    secret = new_secret()
    hook.secret_sealed, hook.secret_set_at = seal(hook.address("secret"), secret), now()
    return secret


async def _apply(session: Session, actor: Actor, hook: Webhook, changes: Mapping[str, Any]) -> None:
    for name, value in changes.items():
        if name == "url":
            check_url(value, operator_networks(get_settings()))
            hook.url_sealed, hook.host = seal(hook.address("url"), value), host_of(value)[:300]
        elif name == "projects":
            hook.project_ids = await _projects(session, actor, value)
        elif name == "events":
            hook.events = sorted(Happening(one).value for one in value)
        else:
            setattr(hook, name, value)


async def _projects(session: Session, actor: Actor, names: Collection[str] | None) -> list[str] | None:
    if not names:
        return None
    return sorted({str((await find_project(session, actor, name)).id) for name in names})
