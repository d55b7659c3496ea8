"""What a database says about itself: server, version tables, heads. The only truth about a job's result."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg

from stillroom_core.tables import now
from stillroom_worker.target.identity import read_server

# A version table is alembic_version, or one with a suffix of the project's own, with the one column.
_TABLES = """
select n.nspname as schema, c.relname as table
from pg_class c
join pg_namespace n on n.oid = c.relnamespace
join pg_attribute a on a.attrelid = c.oid and a.attname = 'version_num' and not a.attisdropped
where c.relkind in ('r', 'p')
  and n.nspname not in ('pg_catalog', 'information_schema')
  and (c.relname like 'alembic\\_version%' or (n.nspname, c.relname) in (select * from unnest($1::text[], $2::text[])))
order by 1, 2
limit 2000
"""

# What somebody builds just now is not broken; an index of a partitioned table is invalid until every part has its own.
_INVALID = """
select format('%I.%I', n.nspname, c.relname)
from pg_index i
join pg_class c on c.oid = i.indexrelid
join pg_namespace n on n.oid = c.relnamespace
where not i.indisvalid and c.relkind = 'i' and n.nspname not in ('pg_catalog', 'pg_toast')
  and not exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
order by 1 limit 10000
"""


@dataclass(frozen=True)
class Truth:
    """What one look found. `heads` holds the rows of the version tables that belong to this project."""

    server_version: str
    server_identity: str
    version_tables: list[dict[str, str]]
    heads: list[str]
    invalid_indexes: list[str] = field(default_factory=list)

    def as_columns(self) -> dict[str, Any]:
        """What the database's row says after this look."""
        return {
            "heads": self.heads,
            "heads_read_at": now(),
            "version_tables": self.version_tables,
            "server_version": self.server_version,
            "server_identity": self.server_identity[:100],
            "read_state": "idle",
            "read_error": None,
            "trusted": True,
        }


async def read_truth(
    connection: "asyncpg.Connection", known: Sequence[dict[str, Any]] | None, wanted: frozenset[str] | None
) -> Truth:
    """Reads server and heads.

    `known` are the version tables that a run has shown to be this project's; then only they count. Before
    any run, the plain alembic_version counts if it is there; else every candidate whose rows are among
    `wanted` (the revisions of the project), so that two projects may share one database.
    """
    server = await read_server(connection)
    known = list(known or [])
    candidates = await connection.fetch(
        _TABLES, [table["schema"] for table in known], [table["table"] for table in known]
    )
    rows: dict[tuple[str, str], list[str]] = {}
    for candidate in candidates:
        place = (candidate["schema"], candidate["table"])
        rows[place] = await _heads(connection, *place)
    chosen = _choose(rows, [(table["schema"], table["table"]) for table in known], wanted)
    heads = sorted({head for place in chosen for head in rows.get(place, [])})
    invalid = await connection.fetch(_INVALID)
    return Truth(
        server_version=server.version,
        server_identity=server.identity,
        version_tables=[{"schema": schema, "table": table} for schema, table in chosen],
        heads=heads,
        invalid_indexes=[row[0] for row in invalid],
    )


def _choose(
    rows: dict[tuple[str, str], list[str]],
    known: list[tuple[str, str]],
    wanted: frozenset[str] | None,
) -> list[tuple[str, str]]:
    if known:
        return known
    plain = [place for place in rows if place[1] == "alembic_version"]
    if wanted:
        ours = [place for place, heads in rows.items() if wanted.intersection(heads)]
        if ours:
            return ours
    return plain


async def _heads(connection: "asyncpg.Connection", schema: str, table: str) -> list[str]:
    quoted = ".".join('"' + name.replace('"', '""') + '"' for name in (schema, table))
    found = await connection.fetch(f"select version_num from {quoted} limit 1000")
    return [row[0] for row in found]
