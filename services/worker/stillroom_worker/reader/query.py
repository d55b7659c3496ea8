"""SQL that people typed: read in one read-only transaction, limited in time, rows and bytes."""

import json
import re
from collections.abc import AsyncIterator
from time import monotonic
from typing import Any

import asyncpg

from stillroom_core.catalogues.names import quoted
from stillroom_core.errors import Invalid
from stillroom_worker.reader.asked import Asked, Line
from stillroom_worker.reader.masks import refuse_what_is_masked
from stillroom_worker.reader.values import STREAM_CHUNK, shown, told
from stillroom_worker.target import name_from, patience, reading

_BYTES = 8 * 1024 * 1024


async def query(asked: Asked) -> AsyncIterator[Line]:
    """The columns, then the rows in chunks, then what it took.

    The statement becomes the query of a cursor, which PostgreSQL allows for what reads and for one statement alone.
    """
    content = asked.content
    began = monotonic()
    sql = one_statement(content["sql"])
    word = first_word(sql)
    if word not in _READS and word not in _TELLS:
        raise Invalid(
            "not_a_query",
            "Here only what reads can be run.",
            fix="Begin with select, with, values, table, explain or show; put changes into a migration.",
        )
    within = patience(int(content["timeout_ms"]))
    async with reading(asked.session, int(content["timeout_ms"]), anew=bool(content["masks"])):
        prepared = await _prepared(asked, sql)
        await refuse_what_is_masked(asked.session, content["masks"], sql)
        attributes = prepared.get_attributes()
        yield {
            "columns": [
                {"name": name_from(asked.session, a.name), "type": a.type.name, "category": _category(a)}
                for a in attributes
            ]
        }
        if word in _TELLS:
            lines = await prepared.fetch(timeout=within)
            yield {"rows": [[str(value) for value in line] for line in lines], "limit": None}
            yield {"count": len(lines), "more": False, "ms": round((monotonic() - began) * 1000, 1)}
            return
        # Numbered names: two columns of a query may have one name.
        names = [quoted(f"c{at}") for at in range(len(attributes))]
        cells = ", ".join(shown(name, a.type.oid) for name, a in zip(names, attributes, strict=True))
        await asked.session.fetch(
            f"declare stillroom no scroll cursor for select {cells} from (\n{sql}\n) as q({', '.join(names)})"
        )
        limit, count, size, more = int(content["limit"]), 0, 0, False
        while not more:
            rows = await asked.session.fetch(f"fetch {STREAM_CHUNK} from stillroom", timeout=within)
            if not rows:
                break
            kept = [[told(value) for value in row] for row in rows[: limit - count]]
            count += len(kept)
            size += sum(len(value) for row in kept for value in row if value is not None)
            yield {"rows": kept, "limit": shown.LIMIT}
            more = size > _BYTES or count >= limit
        more = more and bool(await asked.session.fetch("fetch 1 from stillroom", timeout=within))
    yield {"count": count, "more": more, "ms": round((monotonic() - began) * 1000, 1)}


async def explain(asked: Asked) -> AsyncIterator[Line]:
    """The plan as PostgreSQL's own JSON; with `analyze` the statement runs, and can change nothing."""
    content = asked.content
    options = "analyze, buffers, " if content["analyze"] else ""
    sql = one_statement(content["sql"])
    async with reading(asked.session, int(content["timeout_ms"]), anew=bool(content["masks"])):
        if content["masks"]:
            await _prepared(asked, sql)
            await refuse_what_is_masked(asked.session, content["masks"], sql)
        within = patience(int(content["timeout_ms"]))
        text = await asked.session.fetchval(f"explain ({options}format json, verbose) {sql}", timeout=within)
    yield {"plan": json.loads(text)[0] if isinstance(text, str) else text}


async def _prepared(asked: Asked, sql: str) -> Any:
    """The statement, analysed and not run; asyncpg finds no end of asking where a column's type is left open."""
    try:
        return await asked.session.prepare(sql)
    except asyncpg.InternalClientError:
        raise Invalid(
            "open_type", "A column of the answer has no certain type, such as anyarray.", fix="Cast it to text."
        ) from None


_READS, _TELLS = frozenset({"select", "with", "values", "table", "("}), frozenset({"explain", "show"})
_BEFORE = re.compile(r"(?:\s+|--[^\n]*(?:\n|$)|/\*.*?\*/)*(\w+|\()?", re.DOTALL)


def first_word(sql: str) -> str:
    """Behind spaces and comments; the server judges the rest."""
    met = _BEFORE.match(sql)
    return (met[1] or "").lower() if met else ""


def one_statement(sql: str) -> str:
    """Without the semicolon that people end with; a second statement is refused by the server itself."""
    return sql.strip().rstrip(";").rstrip()


_NUMBERS = frozenset({"int2", "int4", "int8", "float4", "float8", "numeric", "oid", "money"})


def _category(attribute: "asyncpg.Attribute") -> str:
    """N for numbers, as in pg_type; enough to align a column."""
    return "N" if attribute.type.name in _NUMBERS else "S"
