"""Which workers live, and how well they isolate: each says so every few seconds, and is forgotten when it is silent."""

from datetime import timedelta

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

_KEY = "stillroom:workers"
_LIFE = timedelta(seconds=30)
REFUSED = "refused"


def say(redis: "Redis", name: str, isolation: str) -> None:
    """Notes that this worker lives at this proven level, or that it takes no jobs (`REFUSED`); blocks.

    Raises RedisError. Times are the server's: those of hosts differ.
    """
    seconds, _ = redis.time()
    redis.zadd(_KEY, {f"{isolation} {name}": seconds + _LIFE.total_seconds()})
    redis.zremrangebyscore(_KEY, "-inf", seconds)


async def isolation_of_workers(redis: "AsyncRedis") -> dict[str, int]:
    """How many workers live at each level; raises RedisError."""
    seconds, _ = await redis.time()
    found: dict[str, int] = {}
    for member in await redis.zrangebyscore(_KEY, seconds, "+inf"):
        level = str(member).partition(" ")[0]
        found[level] = found.get(level, 0) + 1
    return dict(sorted(found.items()))
