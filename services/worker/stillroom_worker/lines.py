"""A stream of bytes as lines of bounded length, of which none ends in the middle of a secret."""

import asyncio
from collections.abc import AsyncIterator, Iterator

from stillroom_core.masking import Redactor, redactor

_CHUNK = 64 * 1024


async def one_by_one(reader: asyncio.StreamReader, limit: int) -> AsyncIterator[bytes]:
    """Lines one by one, as they come."""
    async for lines in handfuls(reader, limit):
        for line in lines:
            yield line


async def handfuls(reader: asyncio.StreamReader, limit: int) -> AsyncIterator[list[bytes]]:
    """As many lines as have come, without their ends; a longer one comes in pieces of about `limit` bytes.

    A piece is longer where a secret would be divided: each line is masked by itself afterwards.
    """
    rest = b""
    while chunk := await reader.read(_CHUNK):
        redact = redactor()
        rest += chunk
        *lines, rest = rest.split(b"\n")
        if any(len(line) > limit for line in lines):
            lines = [piece for line in lines for piece in _pieces(line, limit, redact)]
        if b"\r" in chunk or any(line.endswith(b"\r") for line in lines[:1]):
            lines = [line.rstrip(b"\r") for line in lines]
        # Whether a secret reaches over the cut can be seen when enough has come behind it.
        while len(rest) > limit + redact.longest:
            at = redact.cut(rest, limit)
            lines.append(rest[:at])
            rest = rest[at:]
        if lines:
            yield lines
    if rest:
        yield list(_pieces(rest, limit, redactor()))


def _pieces(line: bytes, limit: int, redact: Redactor) -> Iterator[bytes]:
    while len(line) > limit:
        at = redact.cut(line, limit)
        yield line[:at]
        line = line[at:]
        if not line:
            return
    yield line
