"""Password hashing: argon2id through passlib's interface (libpass)."""

import asyncio

from passlib.context import CryptContext

MAX_LENGTH = 128  # longer ones only cost time; the schema refuses them before they get here

# OWASP's first choice for argon2id: 19 MiB, two passes, one lane.
_context = CryptContext(schemes=["argon2"], argon2__memory_cost=19456, argon2__time_cost=2, argon2__parallelism=1)


async def hash_password(password: str) -> str:
    """Hashes off the event loop: it takes tens of milliseconds by design."""
    return str(await asyncio.to_thread(_context.hash, password))


async def verify_password(password: str, hashed: str | None) -> tuple[bool, str | None]:
    """Whether it is right, and a new hash when the stored one is outdated.

    An unknown person costs the same time as a known one.
    """
    if hashed is None:
        await asyncio.to_thread(_context.dummy_verify)
        return False, None
    right, replacement = await asyncio.to_thread(_context.verify_and_update, password, hashed)
    return bool(right), replacement
