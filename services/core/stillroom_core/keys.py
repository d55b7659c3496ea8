"""Primary keys: UUID version 7, so that rows made later sort later."""

import os
import time
from datetime import datetime
from uuid import UUID


def new_key() -> UUID:
    """A UUIDv7 (RFC 9562 §5.7): 48 bits of Unix milliseconds, then 74 random bits.

    Made here rather than by PostgreSQL's uuidv7(), which exists only from version 18 on.
    """
    return _version_7((time.time_ns() // 1_000_000) << 80 | int.from_bytes(os.urandom(10)))


def first_key_at(moment: datetime) -> UUID:
    """The smallest key of that millisecond: rows made from then on have this key or a later one."""
    return _version_7(max(0, int(moment.timestamp() * 1000)) << 80)


def _version_7(value: int) -> UUID:
    value = value & ~(0xF000 << 64) | (0x7000 << 64)
    value = value & ~(0xC000 << 48) | (0x8000 << 48)
    return UUID(int=value)
