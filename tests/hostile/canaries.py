"""Secrets that a test can find again in any spelling that programs commonly use."""

from __future__ import annotations

import base64
import json
import zlib
from contextlib import suppress
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg import sql


def spellings(secret: str) -> set[str]:
    """Enough of each spelling to be no chance; made apart from what the service masks with."""
    raw = secret.encode()
    found = {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}
    for before in range(3):
        # Without the characters at the ends, which hold bits of their neighbours.
        middle = base64.b64encode(b"\0" * before + raw).decode()[4:].rstrip("=")[:-2]
        found |= {middle, middle.replace("+", "-").replace("/", "_")}
    return found | {raw.hex(), raw.hex().upper()}


def found_in(text: str, canaries: dict[str, str]) -> dict[str, str]:
    """By the canary's name: how it stands in the text, with a little around it."""
    hits = {}
    for name, secret in canaries.items():
        for spelled in spellings(secret):
            if (place := text.find(spelled)) >= 0:
                hits[name] = text[max(0, place - 60) : place + len(spelled) + 20]
    return hits


def dump(url: str) -> dict[str, str]:
    """Every table of a database as text; what is compressed in it also as it was."""
    tables = {}
    with psycopg.connect(url, autocommit=True) as connection:
        names = connection.execute(
            "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
        ).fetchall()
        for schema, name in names:
            rows = connection.execute(sql.SQL("select * from {}").format(sql.Identifier(schema, name))).fetchall()
            tables[name] = "\n".join(_told(cell) for row in rows for cell in row)
    return tables


def _told(cell: Any) -> str:
    if isinstance(cell, bytes | memoryview):
        content = bytes(cell)
        with suppress(zlib.error):
            return zlib.decompress(content).decode(errors="replace")
        return content.decode(errors="replace") + content.hex()
    return json.dumps(cell, default=str, ensure_ascii=False) if isinstance(cell, dict | list) else str(cell)
