"""Reads a whole catalogue in one snapshot and cuts it into objects, each with the digest of its content."""

import asyncio
import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from stillroom_core.catalogues.kinds import Kind
from stillroom_worker.catalogue import statements
from stillroom_worker.target.reading import reading

_TIMEOUT_MS = 15_000

_RELATIONS = {"r": Kind.TABLE, "p": Kind.TABLE, "f": Kind.FOREIGN_TABLE, "v": Kind.VIEW, "m": Kind.MATERIALIZED_VIEW}
_TYPES = {"e": Kind.ENUM, "d": Kind.DOMAIN, "r": Kind.RANGE}
_FUNCTIONS = {"f": "function", "p": "procedure", "a": "aggregate", "w": "window function"}

_VOLATILITY = {"i": "immutable", "s": "stable", "v": "volatile"}

Row = Mapping[str, Any]
Found = tuple[Kind, str, str, dict[str, Any], list[int] | None]  # kind, schema, name, content, figures


@dataclass(frozen=True)
class Reading:
    """What one reading found. `listing` and `figures` go in step: one entry an object."""

    server_version: str
    digest: bytes
    listing: list[list[Any]]  # [kind, schema, name, digest in hex, a word about it]
    figures: list[list[int] | None]  # [rows, bytes of data, bytes of indexes] of what has pages; rows -1: never counted
    contents: dict[bytes, dict[str, Any]]


async def read_catalogue(connection: "asyncpg.Connection") -> Reading:
    """Fifteen queries in one read-only snapshot, whatever the size; nothing is left open."""
    async with reading(connection, _TIMEOUT_MS):
        server = await connection.fetchrow(statements.SERVER)
        rows = {
            name: await connection.fetch(getattr(statements, name.upper()))
            for name in (
                *("schemas", "relations", "columns", "constraints", "indexes", "triggers", "rules", "policies"),
                *("statistics", "functions", "types", "sequences", "extensions", "roles"),
            )
        }
    # Tens of thousands of rows take a while to put together; other people's answers go on meanwhile.
    return await asyncio.to_thread(_put_together, server, rows)


def _put_together(server: Row, rows: Mapping[str, Sequence[Row]]) -> Reading:
    block = int(server["block"])
    found = [
        *((Kind.SCHEMA, "", row["name"], _schema(row), None) for row in rows["schemas"]),
        *_relations(rows, block),
        *((Kind.FUNCTION, row["schema"], _signature(row), _function(row), None) for row in rows["functions"]),
        *_types(rows),
        *_sequences(rows),
        *((Kind.EXTENSION, "", row["name"], _extension(row), None) for row in rows["extensions"]),
        *((Kind.ROLE, "", row["name"], _plain(row), None) for row in rows["roles"]),
    ]
    found.sort(key=lambda entry: (list(Kind).index(entry[0]), entry[1], entry[2]))
    listing: list[list[Any]] = []
    figures: list[list[int] | None] = []
    contents: dict[bytes, dict[str, Any]] = {}
    for kind, schema, name, content, numbers in found:
        whole = {"kind": kind.value, "schema": schema, "name": name, **content}
        digest = hashlib.sha256(json.dumps(whole, sort_keys=True, ensure_ascii=False).encode()).digest()
        contents[digest] = whole
        listing.append([kind.value, schema, name, digest.hex(), _about(kind, content)])
        figures.append(numbers)
    whole_digest = hashlib.sha256(json.dumps(listing, ensure_ascii=False).encode()).digest()
    return Reading(str(server["version"]), whole_digest, listing, figures, contents)


def _relations(rows: Mapping[str, Sequence[Row]], block: int) -> Iterator[Found]:
    columns = _by(rows["columns"], "relation")
    constraints = _by(rows["constraints"], "relation")
    indexes = _by(rows["indexes"], "relation")
    triggers = _by(rows["triggers"], "relation")
    policies = _by(rows["policies"], "relation")
    rules = _by(rows["rules"], "relation")
    statistics = _by(rows["statistics"], "relation")
    identities = {(s["owner_relation"], s["owner_column"]): s for s in rows["sequences"] if s["owned"] is not None}
    for row in rows["relations"]:
        oid, letter = row["oid"], _word(row["kind"])
        names = {"schema": row["schema"], "name": row["name"]}
        if letter == "c":
            fields = [{"name": c["name"], "type": c["type"], "collation": c["collation"]} for c in columns[oid]]
            content = {"owner": row["owner"], "comment": row["comment"], "columns": fields, "grants": None}
            yield Kind.COMPOSITE, row["schema"], row["name"], content, None
            continue
        owned = {k["index"] for k in constraints[oid] if _word(k["type"]) in "pux"}
        content = {
            "owner": row["owner"],
            "comment": row["comment"],
            "persistence": {"u": "unlogged", "t": "temporary"}.get(_word(row["persistence"])),
            "options": row["options"],
            "tablespace": row["tablespace"],
            "method": row["method"] if row["method"] != "heap" else None,
            "partition_key": row["partition_key"],
            "partition_bound": row["partition_bound"],
            "parents": _json(row["parents"]),
            "query": row["query"],
            "server": row["server"],
            "server_options": row["server_options"],
            "row_security": bool(row["row_security"]),
            "row_security_forced": bool(row["row_security_forced"]),
            "replica_identity": _word(row["replica_identity"]),
            "grants": _json(row["grants"]),
            "columns": [_column(c, identities.get((oid, c["name"]))) for c in columns[oid]],
            "constraints": [_constraint(k) for k in constraints[oid]],
            "indexes": [_index(i, owned) for i in indexes[oid]],
            "triggers": [_plain(t) | {"enabled": _word(t["enabled"])} for t in triggers[oid]],
            "rules": [_plain(r) for r in rules[oid]],
            "policies": [_plain(p) | {"command": _word(p["command"])} for p in policies[oid]],
            "statistics": [_plain(s) for s in statistics[oid]],
        }
        numbers = None
        if letter in "rm":
            data = (int(row["pages"]) + int(row["toast_pages"])) * block
            numbers = [int(row["rows"]), data, int(row["index_pages"]) * block]
        yield _RELATIONS[letter], names["schema"], names["name"], content, numbers


def _sequences(rows: Mapping[str, Sequence[Row]]) -> Iterator[Found]:
    relations = {row["oid"]: row for row in rows["relations"]}
    for row in rows["sequences"]:
        content = {key: row[key] for key in ("owner", "comment", "type", "cycle")}
        content |= {key: int(row[key]) for key in ("start", "increment", "minimum", "maximum", "cache")}
        owner = relations.get(row["owner_relation"])
        content["persistence"] = "unlogged" if _word(row["persistence"]) == "u" else None
        content["owned_by"] = [owner["schema"], owner["name"], row["owner_column"]] if owner else None
        content["identity"] = row["owned"] is not None and _word(row["owned"]) == "i"
        content["grants"] = _json(row["grants"])
        yield Kind.SEQUENCE, row["schema"], row["name"], content, None


_TOP = {"smallint": 2**15 - 1, "integer": 2**31 - 1, "bigint": 2**63 - 1}


def _unusual(sequence: Row) -> list[str]:
    """What an identity's sequence has that nobody gets who says nothing."""
    words = [
        ("START WITH", sequence["start"], sequence["minimum"]),
        ("INCREMENT BY", sequence["increment"], 1),
        ("MINVALUE", sequence["minimum"], 1),
        ("MAXVALUE", sequence["maximum"], _TOP[sequence["type"]]),
        ("CACHE", sequence["cache"], 1),
    ]
    found = [f"{word} {value}" for word, value, usual in words if value != usual]
    return [*found, "CYCLE"] if sequence["cycle"] else found


def _schema(row: Row) -> dict[str, Any]:
    return {"owner": row["owner"], "comment": row["comment"], "grants": _json(row["grants"])}


def _column(row: Row, sequence: Row | None) -> dict[str, Any]:
    content = _plain(row)
    content["sequence"] = _unusual(sequence) if sequence and row["identity"] is not None else None
    for name in ("identity", "generated", "storage"):
        content[name] = _word(row[name]) if row[name] is not None else None
    content["grants"] = _json(row["grants"])
    return content


def _constraint(row: Row) -> dict[str, Any]:
    content = _plain(row)
    for name in ("domain", "index", "foreign_schema", "foreign_table", "foreign_columns"):
        content.pop(name, None)
    content["type"] = _word(row["type"])
    content["references"] = (
        [row["foreign_schema"], row["foreign_table"], list(row["foreign_columns"] or ())]
        if row["foreign_table"] is not None
        else None
    )
    return content


def _index(row: Row, owned: set[int]) -> dict[str, Any]:
    return _plain(row) | {"constraint": row["oid"] in owned}


def _signature(row: Row) -> str:
    return f"{row['name']}({row['arguments'] or ''})"


def _function(row: Row) -> dict[str, Any]:
    content = _plain(row)
    content["routine"] = _FUNCTIONS[_word(row["kind"])]
    content["called"] = row["name"]
    content["volatility"] = _VOLATILITY[_word(row["volatility"])]
    content["grants"] = _json(row["grants"])
    content["aggregate"] = _json(row["aggregate"])
    return content


def _types(rows: Mapping[str, Sequence[Row]]) -> Iterator[Found]:
    constraints = _by(rows["constraints"], "domain")
    for row in rows["types"]:
        content = _plain(row) | {"grants": _json(row["grants"])}
        content["constraints"] = [_constraint(k) for k in constraints[row["oid"]]]
        yield _TYPES[_word(row["kind"])], row["schema"], row["name"], content, None


def _extension(row: Row) -> dict[str, Any]:
    return _plain(row) | {"into": row["schema"]}


def _about(kind: Kind, content: Mapping[str, Any]) -> str | None:
    """The one word that a list shows beside the name."""
    if kind is Kind.TABLE:
        return "partitioned" if content["partition_key"] else "partition" if content["partition_bound"] else None
    if kind is Kind.EXTENSION:
        return str(content["version"])
    return str(content["routine"]) if kind is Kind.FUNCTION else None


# Which row it is in is said by where it stands; an oid differs between two databases that are alike.
_NOT_CONTENT = frozenset({"oid", "relation", "schema", "name", "kind"})


def _plain(row: Row) -> dict[str, Any]:
    inner = "relation" in row.keys()  # noqa: SIM118 - a Record iterates over its values
    return {key: row[key] for key in row.keys() if key not in _NOT_CONTENT or (inner and key == "name")}  # noqa: SIM118


def _by(rows: Sequence[Row], key: str) -> dict[int, list[Row]]:
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        found[row[key]].append(row)
    return found


def _word(value: Any) -> str:
    """PostgreSQL's "char" comes as bytes."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value
