"""Which workers live, and what they are like: each says so every few seconds, and is forgotten when it is silent."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self

from redis import Redis
from redis.asyncio import Redis as AsyncRedis

_KEY = "stillroom:living-workers"
_ABOUT = "stillroom:living-workers:about"
LIFE = timedelta(seconds=30)
REFUSED = "refused"


@dataclass(frozen=True, kw_only=True)
class Worker:
    """What a worker says of itself."""

    name: str
    level: str  # of isolation, as proven at its start; or `refused`: it takes no jobs
    version: str = ""
    python: str = ""
    slots: int = 0
    busy: int = 0
    draining: bool = False
    queues: tuple[str, ...] = ()
    started_at: str = ""  # ISO 8601, UTC
    seen_at: str = ""

    @classmethod
    def told(cls, name: str, text: str | None, seen: float) -> Self:
        """From what was said; raises nothing for what does not look like it."""
        given = json.loads(text) if text else {}
        known: Mapping[str, Any] = given if isinstance(given, dict) else {}
        fields = {key: known[key] for key in cls.__dataclass_fields__ if key in known}
        seen_at = datetime.fromtimestamp(seen, UTC).isoformat(timespec="seconds")
        return cls(**{"level": "unknown", **fields, "name": name, "seen_at": seen_at})


def say(redis: "Redis", worker: Worker) -> None:
    """Notes that this worker lives; blocks. Raises RedisError. Times are the server's: those of hosts differ."""
    seconds, _ = redis.time()
    redis.zadd(_KEY, {worker.name: seconds + LIFE.total_seconds()})
    redis.hset(_ABOUT, worker.name, json.dumps(asdict(worker)))
    if silent := redis.zrangebyscore(_KEY, "-inf", seconds):
        redis.zrem(_KEY, *silent)
        redis.hdel(_ABOUT, *silent)


def leave(redis: "Redis", name: str) -> None:
    """Notes that a worker has ended; blocks. Raises RedisError."""
    redis.zrem(_KEY, name)
    redis.hdel(_ABOUT, name)


async def living_workers(redis: "AsyncRedis") -> list[Worker]:
    """The workers that live, by name; raises RedisError."""
    seconds, _ = await redis.time()
    found = await redis.zrangebyscore(_KEY, seconds, "+inf", withscores=True)
    pairs: Any = found  # the client has no types for scores
    names = {_text(name): float(until) - LIFE.total_seconds() for name, until in pairs}
    if not names:
        return []
    told = await redis.hmget(_ABOUT, list(names))
    return sorted(
        (
            Worker.told(name, _text(text) if text else None, seen)
            for (name, seen), text in zip(names.items(), told, strict=True)
        ),
        key=lambda worker: worker.name,
    )


async def isolation_of_workers(redis: "AsyncRedis") -> dict[str, int]:
    """How many workers live at each level; raises RedisError."""
    found: dict[str, int] = {}
    for worker in await living_workers(redis):
        found[worker.level] = found.get(worker.level, 0) + 1
    return dict(sorted(found.items()))


def _text(given: Any) -> str:
    return given.decode() if isinstance(given, bytes) else str(given)
