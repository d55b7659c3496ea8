"""Single-use tickets that open a job's WebSocket."""

import secrets
from datetime import timedelta
from uuid import UUID

from redis.asyncio import Redis

TICKET_LIFE = timedelta(seconds=30)


async def issue_ticket(redis: "Redis", user_id: UUID, job_id: UUID) -> str:
    """A ticket bound to one person and one job."""
    ticket = secrets.token_urlsafe(32)
    await redis.set(f"ticket:{ticket}", f"{user_id}:{job_id}", ex=TICKET_LIFE)
    return ticket


async def redeem_ticket(redis: "Redis", ticket: str, job_id: UUID) -> UUID | None:
    """Whose ticket it is; None when it is unknown, used, expired or for another job."""
    content = await redis.getdel(f"ticket:{ticket[:100]}")
    if content is None:
        return None
    user, _, job = str(content).partition(":")
    return UUID(user) if job == str(job_id) else None
