"""Rows of one table, a page at a time by a unique key, or all of them as a stream."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

from stillroom_core.catalogues.names import qualified
from stillroom_core.errors import Invalid, NotFound
from stillroom_worker.reader.asked import Asked, Line
from stillroom_worker.reader.masks import (
    Cells,
    column_of,
    masked_columns,
    refuse_masked,
    refuse_what_is_masked,
    residue,
)
from stillroom_worker.reader.values import STREAM_CHUNK, shown, told
from stillroom_worker.target import patience, reading

_PAGE_TIMEOUT_MS, _STREAM_TIMEOUT_MS = 10_000, 300_000
_STREAM_BYTES = 500 * 1024 * 1024

_COLUMNS = """
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type,
       format_type(a.atttypid, -1) as cast_type, t.typcategory as category, a.attnum as number,
       t.oid as oid, a.attnotnull as not_null, c.relkind in ('r', 'p', 'f') and c.oid >= 16384 as plain
from pg_attribute a
join pg_class c on c.oid = a.attrelid
join pg_namespace n on n.oid = c.relnamespace
join pg_type t on t.oid = a.atttypid
where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f') and a.attnum > 0
  and not a.attisdropped
order by a.attnum
"""

# The primary key first, then the narrowest unique index without nulls, expressions and conditions. $3: columns that
# are masked; an order by them would tell what is in them, and the next page's beginning would say it.
_KEY = """
select (select array_agg(a.attname::text order by x.at) from unnest(i.indkey::int2[]) with ordinality x(num, at)
          join pg_attribute a on a.attrelid = i.indrelid and a.attnum = x.num where x.at <= i.indnkeyatts) as columns
from pg_index i
join pg_class c on c.oid = i.indrelid
join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and c.relname = $2 and i.indisunique and i.indisvalid and i.indpred is null
  and i.indexprs is null and i.indimmediate
  and not exists (select from unnest(i.indkey::int2[]) with ordinality x(num, at)
                  join pg_attribute a on a.attrelid = i.indrelid and a.attnum = x.num
                  where x.at <= i.indnkeyatts and (not a.attnotnull or a.attname = any($3::text[])))
order by i.indisprimary desc, i.indnkeyatts, i.indexrelid
limit 1
"""

_TESTS = {
    "eq": "{0} = {1}",
    "ne": "{0} is distinct from {1}",
    "lt": "{0} < {1}",
    "le": "{0} <= {1}",
    "gt": "{0} > {1}",
    "ge": "{0} >= {1}",
    "null": "{0} is null",
    "not_null": "{0} is not null",
    "contains": "strpos(lower({0}::text), lower({1}::text)) > 0",
}


async def rows(asked: Asked) -> AsyncIterator[Line]:
    """One page: the columns, the rows, and where the next page begins."""
    content = asked.content
    async with reading(asked.session, _PAGE_TIMEOUT_MS):
        table = await _Table.of(asked)
        order = table.order(content["sort"], content["descending"])
        parameters: list[Any] = []
        conditions = table.conditions(content["filters"], parameters)
        if content["after"] is not None:
            conditions.append(table.after(order, content["after"], parameters))
        limit = int(content["limit"])
        statement = table.statement(conditions, order) + f" limit {limit + 1}"
        await table.check(asked, statement)
        found = await asked.session.fetch(statement, *parameters)
    page = found[:limit]
    more = len(found) > limit and bool(order)
    width = len(table.columns)
    yield {
        "columns": [
            {
                "name": c["name"],
                "type": c["type"],
                "category": told(c["category"]),
                "mask": table.masked.get(c["name"]),
            }
            for c in table.columns
        ],
        "key": table.key,
        "rows": [table.cells([told(value) for value in row[:width]]) for row in page],
        "cut": [list(cut) for cut in _cut(page, width)],
        # Whole values, not what is shown of them: a key may be longer than a cell.
        "next": [told(value) for value in page[-1][width:]] if more else None,
        "more": len(found) > limit,
    }


async def stream(asked: Asked) -> AsyncIterator[Line]:
    """Every row that the filters leave, whole values, in chunks; ends where it becomes too much."""
    content = asked.content
    async with reading(asked.session, _STREAM_TIMEOUT_MS):
        table = await _Table.of(asked)
        parameters: list[Any] = []
        order = table.order(content["sort"], content["descending"])
        statement = table.statement(table.conditions(content["filters"], parameters), order, whole=True)
        await table.check(asked, statement)
        yield {"columns": [c["name"] for c in table.columns]}
        size, width, count = 0, len(table.columns), 0
        chunk: list[list[str | None]] = []
        weight = 0
        async for row in asked.session.cursor(
            statement, *parameters, prefetch=50, timeout=patience(_STREAM_TIMEOUT_MS)
        ):
            chunk.append(table.cells([told(value) for value in row[:width]]))
            weight += sum(len(value) for value in chunk[-1] if value is not None)
            count += 1
            if len(chunk) >= STREAM_CHUNK or weight > 1024 * 1024:
                size += weight
                yield {"rows": chunk}
                chunk, weight = [], 0
            if size > _STREAM_BYTES or count >= int(content["limit"]):
                break
        if chunk:
            yield {"rows": chunk}


def _cut(page: Sequence[Any], width: int) -> list[tuple[int, int]]:
    """Which cells show only the beginning of a value: row and column."""
    return [
        (at, column)
        for at, row in enumerate(page)
        for column in range(width)
        if row[column] is not None and len(row[column]) > shown.LIMIT
    ]


class _Table:
    """One table as the catalogue has it at this moment; nothing but names from there gets into a statement."""

    def __init__(self, asked: Asked, place: str, columns: list[Any], key: list[str], masked: Mapping[str, str]) -> None:
        self._place = place
        self.columns = columns
        self._by_name = {column["name"]: column for column in columns}
        self.key = key
        self.masked = masked
        kinds = [masked.get(column["name"]) for column in columns]
        self.cells = Cells(asked.room.settings, asked.database.organization_id, kinds)

    @classmethod
    async def of(cls, asked: Asked) -> "_Table":
        schema, name = asked.content["schema"], asked.content["table"]
        columns = await asked.session.fetch(_COLUMNS, schema, name)
        if not columns:
            raise NotFound(
                "no_such_table",
                "This table is not in the database.",
                fix="Read the catalogue again; perhaps it was renamed or dropped.",
            )
        masked = await masked_columns(asked.session, asked.content["masks"], schema, name)
        key = await asked.session.fetchval(_KEY, schema, name, list(masked)) or []
        return cls(asked, qualified(schema, name), columns, key, masked)

    async def check(self, asked: Asked, statement: str) -> None:
        """A table's own columns are masked one by one; a view may show those of others, and is refused as a whole."""
        if asked.content["masks"] and not self.columns[0]["plain"]:
            await asked.session.prepare(statement)
            await refuse_what_is_masked(asked.session, asked.content["masks"], None)

    def order(self, sort: str | None, descending: bool) -> list[tuple[str, bool]]:
        """What the rows are ordered by: what was asked for, then the key, which makes the order whole."""
        first = [(self._known(sort), descending)] if sort else []
        return [*first, *((name, descending) for name in self.key if name != sort)] if self.key else first

    def statement(self, conditions: list[str], order: list[tuple[str, bool]], *, whole: bool = False) -> str:
        """Values as text, cut to what a cell shows, and behind them the whole values that order the rows."""
        cells = [self._cell(c, whole=whole) for c in self.columns]
        cells += [] if whole else [f"{column_of(name)}::text" for name, _ in order]
        text = f"select {', '.join(cells)} from {self._place} as t"
        if conditions:
            text += f" where {' and '.join(conditions)}"
        if order:
            # Nulls are as if largest in both directions, so that one comparison tells what comes after.
            text += " order by " + ", ".join(f"{column_of(n)} {'desc' if down else 'asc'}" for n, down in order)
        return text

    def _cell(self, column: Any, *, whole: bool) -> str:
        place, kind = column_of(column["name"]), self.masked.get(column["name"])
        return residue(kind, place) if kind else shown(place, column["oid"], whole=whole)

    def conditions(self, filters: list[dict[str, Any]], parameters: list[Any]) -> list[str]:
        """The filters as SQL; every value is a parameter, and read as its column's type by the server."""
        found = []
        for given in filters:
            column = self._known(given["column"])
            place = ""
            if given["value"] is not None and given["test"] not in ("null", "not_null"):
                parameters.append(given["value"])
                place = f"${len(parameters)}::text"
                if given["test"] != "contains":
                    place = f"({place})::{self._by_name[column]['cast_type']}"
            found.append(_TESTS[given["test"]].format(column_of(column), place))
        return found

    def after(self, order: list[tuple[str, bool]], values: list[str | None], parameters: list[Any]) -> str:
        """What comes after the last row of the former page; nulls come last upwards and first downwards."""
        if len(values) != len(order):
            raise Invalid(
                "bad_cursor", "The next page was asked for with another order.", fix="Begin at the first page."
            )
        branches: list[str] = []
        equal: list[str] = []
        for (name, down), value in zip(order, values, strict=True):
            column = column_of(name)
            if value is None:
                further = f"{column} is not null" if down else "false"
                same = f"{column} is null"
            else:
                parameters.append(value)
                given = f"(${len(parameters)}::text)::{self._by_name[name]['cast_type']}"
                further = f"{column} {'<' if down else '>'} {given}" + ("" if down else f" or {column} is null")
                same = f"{column} = {given}"
            branches.append(" and ".join([*equal, f"({further})"]))
            equal.append(same)
        return f"({' or '.join(f'({branch})' for branch in branches)})"

    def _known(self, name: str) -> str:
        if name not in self._by_name:
            raise Invalid(
                "no_such_column",
                "The table has no such column.",
                fix="Read the catalogue again.",
                fields={"column": name},
            )
        if name in self.masked:
            raise refuse_masked(name)
        return name
