"""Single-use tickets that open the WebSocket of a page, because browsers cannot send a header there."""

import json
import secrets
from datetime import timedelta
from uuid import UUID

from redis.asyncio import Redis

from stillroom_core.sessions.tokens import Claims

TICKET_LIFE = timedelta(seconds=30)


async def issue_ticket(redis: "Redis", claims: Claims) -> str:
    """A ticket bound to one sign-in of one person."""
    ticket = secrets.token_urlsafe(32)
    content = [str(claims.user_id), claims.token_version, str(claims.family_id)]
    await redis.set(f"ticket:{ticket}", json.dumps(content), ex=TICKET_LIFE)
    return ticket


async def redeem_ticket(redis: "Redis", ticket: str) -> Claims | None:
    """Whose it is, once; None when it is unknown, used or expired."""
    content = await redis.getdel(f"ticket:{ticket[:100]}")
    if content is None:
        return None
    user, version, family = json.loads(content)
    return Claims(UUID(user), version, UUID(family))
