"""Sending what waits in the outbox: at least once, with pauses that grow, and an end to trying."""

import asyncio
import json
import random
from dataclasses import dataclass
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import delete, func, select, update

from stillroom_core.database import Database, Session
from stillroom_core.mail.service import link_to, post
from stillroom_core.mail.texts import Letter
from stillroom_core.members.models import Membership, User
from stillroom_core.organizations.models import Organization
from stillroom_core.outbound.addresses import operator_networks
from stillroom_core.outbound.http import NotReached, ask
from stillroom_core.sealing import unseal
from stillroom_core.settings import Settings
from stillroom_core.tables import now
from stillroom_core.telemetry import metrics
from stillroom_core.webhooks.models import Webhook, WebhookDelivery
from stillroom_core.webhooks.signing import headers_of

log = structlog.get_logger()

_WITHIN = timedelta(seconds=10)
# While somebody sends it nobody else does; a sender that died leaves it to the next after this.
_CLAIM = timedelta(seconds=60)
_AT_ONCE, _AT_ONCE_EACH = 20, 4
_FIRST_BYTES = 500
# After each try that failed: about a day in all. Each is up to a fifth longer, so that not everything comes at once.
PAUSES = tuple(
    timedelta(seconds=seconds) for seconds in (5, 30, 120, 600, 1800, 3600, 2 * 3600, 4 * 3600, 8 * 3600, 8 * 3600)
)
SWITCHED_OFF_AFTER = timedelta(days=3)
_KEPT = timedelta(days=30)
_GONE = 410


@dataclass(frozen=True)
class _Tried:
    """What came of one try."""

    status: int | None
    response: str | None
    error: str | None
    took_ms: int

    @property
    def arrived(self) -> bool:
        """The receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300


async def deliver_webhooks(database: Database, settings: Settings) -> int:
    """Sends what is due, several at a time and not too many of one webhook; tells how many it tried."""
    claimed = await _claim(database)
    await asyncio.gather(*(_deliver(database, settings, key) for key in claimed))
    return len(claimed)


async def _claim(database: Database) -> list[UUID]:
    """Takes deliveries that are due: others skip them until the claim is over."""
    async with database.everything() as session:
        due = (
            select(
                WebhookDelivery.id,
                func.row_number()
                .over(partition_by=WebhookDelivery.webhook_id, order_by=WebhookDelivery.next_try_at)
                .label("place"),
            )
            .where(WebhookDelivery.state == "waiting", WebhookDelivery.next_try_at <= func.clock_timestamp())
            .subquery()
        )
        # One webhook that is slow must not keep the others waiting.
        first = select(due.c.id).where(due.c.place <= _AT_ONCE_EACH).limit(_AT_ONCE)
        rows = await session.scalars(
            select(WebhookDelivery.id)
            .where(
                WebhookDelivery.id.in_(first),
                WebhookDelivery.state == "waiting",
                WebhookDelivery.next_try_at <= func.clock_timestamp(),
            )
            .with_for_update(skip_locked=True)
        )
        keys = list(rows)
        if keys:
            await session.execute(
                update(WebhookDelivery)
                .where(WebhookDelivery.id.in_(keys))
                .values(next_try_at=func.clock_timestamp() + _CLAIM)
                .execution_options(synchronize_session=False)
            )
        return keys


async def _deliver(database: Database, settings: Settings, key: UUID) -> None:
    async with database.everything() as session:
        row = (
            await session.execute(
                select(WebhookDelivery, Webhook)
                .join(Webhook, Webhook.id == WebhookDelivery.webhook_id)
                .where(WebhookDelivery.id == key)
            )
        ).one_or_none()
    if row is None:
        return  # removed in the meantime
    delivery, hook = row
    tried = await _send(settings, delivery, hook)
    async with database.transaction(delivery.organization_id) as session:
        await _note(session, delivery.id, hook.id, tried)
    log.info("webhook.tried", delivery=str(key), status=tried.status, error=tried.error)


async def _send(settings: Settings, delivery: WebhookDelivery, hook: Webhook) -> _Tried:
    body = json.dumps(body_of(hook.format, delivery.payload), ensure_ascii=False).encode()
    secret = unseal(hook.address("secret"), hook.secret_sealed)
    signed = headers_of(secret, str(delivery.id), int(now().timestamp()), body)
    began = monotonic()
    try:
        answer = await ask(
            "POST",
            unseal(hook.address("url"), hook.url_sealed),
            networks=operator_networks(settings),
            headers={"Content-Type": "application/json", **signed},
            content=body,
            most=_FIRST_BYTES,
            within=_WITHIN,
        )
    except NotReached as failure:
        return _Tried(None, None, failure.code, _since(began))
    text = answer.body.decode(errors="replace").replace("\0", "")
    return _Tried(answer.status, text, None, _since(began))


def body_of(form: str, payload: dict[str, Any]) -> dict[str, Any]:
    """The message as the receiver wants it."""
    if form != "slack":
        return payload
    data = payload["data"]
    parts = (data.get("project"), data.get("environment"), data.get("database"))
    names = " / ".join(_slack(part["name"]) for part in parts if part)
    job = data.get("job")
    what = (
        f"job {job['number']} {_slack(payload['type'].rpartition('.')[2].replace('_', ' '))}"
        if job
        else payload["type"]
    )
    link = f"<{data['url']}|{what}>" if data.get("url") else what
    return {"text": f"*{names}* {link}: {_slack(payload['text'])}" if names else f"{link}: {_slack(payload['text'])}"}


async def _note(session: Session, key: UUID, hook_id: UUID, tried: _Tried) -> None:
    """Writes what came of it: into the log of deliveries, and whether the webhook works."""
    hook = await session.get(Webhook, hook_id, with_for_update=True)
    delivery = await session.get(WebhookDelivery, key, with_for_update=True)
    if hook is None or delivery is None:
        return
    moment = now()
    delivery.tries += 1
    delivery.tried_at, delivery.took_ms = moment, tried.took_ms
    delivery.status, delivery.response, delivery.error = tried.status, tried.response, tried.error
    if tried.arrived:
        delivery.state, hook.failing_since = "delivered", None
        metrics.DELIVERIES.labels("delivered").inc()
        return
    hook.failing_since = hook.failing_since or moment
    if delivery.tries > len(PAUSES) or hook.disabled_at is not None:
        delivery.state = "failed"
    else:
        pause = PAUSES[delivery.tries - 1] * random.uniform(1, 1.2)  # noqa: S311 - no secret
        delivery.next_try_at = func.clock_timestamp() + pause
    metrics.DELIVERIES.labels("given_up" if delivery.state == "failed" else "failed").inc()
    if hook.disabled_at is None and tried.status == _GONE:
        await _switch_off(session, hook, "gone")
    elif hook.disabled_at is None and moment - hook.failing_since > SWITCHED_OFF_AFTER:
        await _switch_off(session, hook, "failing")


async def _switch_off(session: Session, hook: Webhook, because: str) -> None:
    """Ends trying, and tells whoever may mend it."""
    hook.disabled_at, hook.disabled_because = now(), because
    await session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.webhook_id == hook.id, WebhookDelivery.state == "waiting")
        .values(state="failed")
    )
    organization = await session.get_one(Organization, hook.organization_id)
    people = await session.scalars(
        select(User)
        .join(Membership, Membership.user_id == User.id)
        .where(
            Membership.organization_id == hook.organization_id,
            Membership.role.in_(["owner", "admin"]),
            User.disabled_at.is_(None),
            User.kind == "person",
        )
    )
    for user in people:
        post(
            session,
            Letter.WEBHOOK_DISABLED,
            user.email,
            user.locale,
            name=user.name,
            webhook=hook.name,
            host=hook.host,
            organization=organization.name,
            link=link_to(f"{organization.slug}/webhooks"),
        )


async def forget_old_deliveries(session: Session) -> None:
    """Removes those of a month ago."""
    await session.execute(
        delete(WebhookDelivery).where(
            WebhookDelivery.state != "waiting", WebhookDelivery.created_at < func.now() - _KEPT
        )
    )


def _since(began: float) -> int:
    return int((monotonic() - began) * 1000)


def _slack(text: str) -> str:
    """What people wrote cannot become a link or a mention (the three characters that Slack reads)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
