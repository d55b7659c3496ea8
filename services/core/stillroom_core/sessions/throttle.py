"""Slows down guessing, per account and per address, without locking anybody out of a running session."""

from datetime import timedelta

from redis.asyncio import Redis

_WINDOW = timedelta(minutes=10)
_PER_ACCOUNT = 20
_PER_ADDRESS = 100


class Throttle:
    """Counts failed sign-ins in Valkey; the counters expire by themselves."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def allow(self, account: str, address: str) -> bool:
        """Whether another try may be made now."""
        by_account, by_address = await self._redis.mget(f"tries:account:{account}", f"tries:address:{address}")
        return int(by_account or 0) < _PER_ACCOUNT and int(by_address or 0) < _PER_ADDRESS

    async def failed(self, account: str, address: str) -> None:
        """Counts one wrong try against both."""
        async with self._redis.pipeline() as pipe:
            for key in (f"tries:account:{account}", f"tries:address:{address}"):
                pipe.incr(key)
                pipe.expire(key, _WINDOW)
            await pipe.execute()

    async def succeeded(self, account: str) -> None:
        """Forgets the account's wrong tries."""
        await self._redis.delete(f"tries:account:{account}")
