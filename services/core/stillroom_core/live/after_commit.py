"""What a process does once a transaction of its own has been committed: rings the workers, and tells open pages."""

from collections.abc import Awaitable, Callable

from redis.asyncio import Redis

import stillroom_core.live.rights  # noqa: F401 - from here on sessions see what changes rights
from stillroom_core.database import Session
from stillroom_core.jobs.queue import Queue, take_rings
from stillroom_core.live.notices import send_notices, take_notices


def telling(queue: Callable[[], Queue], redis: "Redis") -> Callable[[Session], Awaitable[None]]:
    """For Database.after_commit; sends what the transaction asked for, and never raises for a broker that is away."""

    async def tell(session: Session) -> None:
        if rings := take_rings(session):
            await queue().send(rings)
        await send_notices(redis, take_notices(session))

    return tell
