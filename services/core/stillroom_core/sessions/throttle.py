"""Slows down guessing, per account and per address, without locking anybody out of a running session."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from redis.asyncio import Redis

from stillroom_core.errors import Forbidden, Invalid, NotFound, Throttled

_WINDOW = timedelta(minutes=10)
_PER_ACCOUNT = 20
_PER_ADDRESS = 100

# What sends a letter or costs a hash: a few times an hour is enough for anybody.
_LONG_WINDOW = timedelta(hours=1)
_LETTERS_PER_ACCOUNT = 5
_LETTERS_PER_ADDRESS = 30
_INVITATIONS = 100


class Throttle:
    """Counts tries in Valkey; the counters expire by themselves."""

    def __init__(self, redis: "Redis") -> None:
        self._redis = redis

    async def check(self, account: str, address: str) -> None:
        """Raises Throttled while there were too many wrong tries; looks at nothing else, and counts nothing."""
        if not await self.allow(account, address):
            raise Throttled(
                "too_many_attempts",
                "Too many attempts.",
                detail="This address or account was tried too often in the last minutes.",
                fix="Wait a few minutes and try again. Sessions that are signed in are not affected.",
            )

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

    @asynccontextmanager
    async def guarding(self, account: str, address: str) -> AsyncIterator[None]:
        """Around the check of a password or code: raises Throttled after too many wrong ones, and counts this one."""
        await self.check(account, address)
        try:
            yield
        except (Forbidden, Invalid, NotFound) as refused:
            if refused.code in ("wrong_password", "wrong_code", "terminal_unknown"):
                await self.failed(account, address)
            raise

    async def invitation(self, organization_id: UUID, recipient: str | None) -> None:
        """Counts one invitation; raises Throttled beyond what an organization needs in an hour."""
        await self._spend(f"letters:organization:{organization_id}", _INVITATIONS)
        if recipient is not None:
            await self._spend(f"letters:to:{recipient.strip().lower()}", _LETTERS_PER_ACCOUNT)

    async def letter(self, recipient: str, address: str) -> None:
        """Counts one letter to this recipient, asked for from this address; raises Throttled beyond a few an hour."""
        await self._spend(f"letters:address:{address}", _LETTERS_PER_ADDRESS)
        await self._spend(f"letters:to:{recipient}", _LETTERS_PER_ACCOUNT)

    async def too_soon(self, what: str, pause: timedelta) -> bool:
        """Whether this was asked for less than `pause` ago; counts this time."""
        return not await self._redis.set(f"asked:{what}", 1, px=pause, nx=True)

    async def _spend(self, key: str, most: int) -> None:
        async with self._redis.pipeline() as pipe:
            pipe.incr(key)
            pipe.expire(key, _LONG_WINDOW, nx=True)
            count, _ = await pipe.execute()
        if count > most:
            raise Throttled(
                "too_many_letters",
                "Too many letters were asked for.",
                fix="Look for the last one, also among the unwanted mail, or try again in an hour.",
            )
