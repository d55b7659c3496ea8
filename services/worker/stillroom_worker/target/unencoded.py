"""Databases in SQL_ASCII: they hold whatever bytes they were given, and the server converts nothing.

A session that asks for UTF-8 there has each statement refused that meets other bytes. So it asks for Latin-1, in which
every byte is a character: what comes is the bytes as they are, and they are read as UTF-8 here. What is no UTF-8 is
shown as a replacement; values that other programs stored are never refused. What is sent is UTF-8 all the same: the
driver writes statements so, and the server takes their bytes.
"""

import asyncpg

_TYPES = ("text", "varchar", "bpchar", "name", "json", "xml")


async def take_any_bytes(session: "asyncpg.Connection") -> None:
    """Readies a session of such a database; others are left as they are. May be called again."""
    if session.get_settings().server_encoding != "SQL_ASCII" or _takes_any(session):
        return
    await session.execute("set client_encoding = 'LATIN1'")
    for name in _TYPES:
        await session.set_type_codec(name, schema="pg_catalog", encoder=str.encode, decoder=_as_utf8, format="binary")


def name_from(session: "asyncpg.Connection", name: str) -> str:
    """A name that the driver read itself: that of a column of a result."""
    return _as_utf8(name.encode("latin-1")) if _takes_any(session) else name


def _takes_any(session: "asyncpg.Connection") -> bool:
    return bool(session.get_settings().client_encoding.upper() == "LATIN1")


def _as_utf8(content: bytes) -> str:
    return content.decode(errors="replace")
