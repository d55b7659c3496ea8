"""Shapes of catalogues."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from stillroom_core.catalogues.kinds import Kind
from stillroom_core.catalogues.service import CatalogueEntry, PresentCatalogue


class ObjectFigures(BaseModel):
    """How large something is, by the server's own estimate. `rows` is null where nothing was ever counted."""

    rows: int | None
    data_bytes: int
    index_bytes: int

    @classmethod
    def of(cls, figures: Any) -> "ObjectFigures | None":
        """From what the catalogue keeps."""
        if figures is None:
            return None
        rows, data, indexes = figures
        return cls(rows=rows if rows >= 0 else None, data_bytes=data, index_bytes=indexes)


class CatalogueItem(BaseModel):
    """One object in the list. A function's name has its arguments."""

    kind: Kind
    schema_name: str
    name: str
    about: str | None
    figures: ObjectFigures | None


class CatalogueRead(BaseModel):
    """Everything that stands in a database, as it was last read. `stale`: it is worth reading again."""

    read_at: datetime | None
    server_version: str | None
    stale: bool
    items: list[CatalogueItem]

    @classmethod
    def of(cls, present: PresentCatalogue) -> "CatalogueRead":
        """From the row."""
        found = present.catalogue
        entries = zip(found.listing, found.figures, strict=True) if found else ()
        return cls(
            read_at=found.read_at if found else None,
            server_version=found.server_version if found else None,
            stale=present.stale,
            items=[
                CatalogueItem(
                    kind=entry[0],
                    schema_name=entry[1],
                    name=entry[2],
                    about=entry[4],
                    figures=ObjectFigures.of(figures),
                )
                for entry, figures in entries
            ],
        )


class CatalogueWasRead(BaseModel):
    """How many objects a reading found."""

    objects: int


class Grant(BaseModel):
    """What one role may do; null stands for everybody."""

    role: str | None
    privileges: list[str]
    grantable: list[str]


class ColumnRead(BaseModel):
    """One column of a table or view."""

    name: str
    type: str
    not_null: bool
    default: str | None
    identity: str | None
    generated: str | None
    collation: str | None
    comment: str | None
    grants: list[Grant]


class Related(BaseModel):
    """Another object: what a foreign key leads to, or the table above a partition."""

    schema_name: str
    name: str
    columns: list[str] = []


class ConstraintRead(BaseModel):
    """One constraint. `type` is PostgreSQL's letter: p, u, f, c, x."""

    name: str
    type: str
    definition: str
    validated: bool
    columns: list[str]
    references: Related | None
    comment: str | None


class IndexRead(BaseModel):
    """One index."""

    name: str
    definition: str
    method: str
    unique: bool
    primary: bool
    valid: bool
    partial: bool
    constraint: bool
    columns: list[str]
    comment: str | None


class NamedDefinition(BaseModel):
    """A trigger, a rule or extended statistics."""

    name: str
    definition: str
    enabled: bool = True
    comment: str | None = None


class PolicyRead(BaseModel):
    """One row level security policy. `command` is ALL, SELECT, INSERT, UPDATE or DELETE."""

    name: str
    command: str
    permissive: bool
    roles: list[str | None]
    using: str | None
    checks: str | None
    comment: str | None


class ObjectRead(BaseModel):
    """One object with its parts and the SQL that makes it; what a kind does not have is empty."""

    kind: Kind
    schema_name: str
    name: str
    owner: str | None
    comment: str | None
    ddl: str
    figures: ObjectFigures | None
    partition_key: str | None
    partition_bound: str | None
    parents: list[Related]
    row_security: bool
    columns: list[ColumnRead]
    constraints: list[ConstraintRead]
    indexes: list[IndexRead]
    triggers: list[NamedDefinition]
    rules: list[NamedDefinition]
    policies: list[PolicyRead]
    statistics: list[NamedDefinition]
    grants: list[Grant]
    facts: dict[str, Any]

    @classmethod
    def of(cls, entry: CatalogueEntry) -> "ObjectRead":
        """From the stored content."""
        content = entry.content
        columns = content.get("columns", [])
        return cls.model_validate(
            {
                **{name: content.get(name) for name in ("kind", "name", "owner", "comment")},
                **{name: content.get(name) for name in ("partition_key", "partition_bound")},
                **{name: content.get(name) or [] for name in ("indexes", "statistics")},
                "parents": [_related(parent) for parent in content.get("parents") or []],
                "rules": content.get("rules") or [],
                "schema_name": content["schema"],
                "ddl": entry.ddl,
                "figures": ObjectFigures.of(entry.figures),
                "row_security": bool(content.get("row_security")),
                "columns": [_NO_COLUMN | column | {"grants": _grants(column.get("grants"))} for column in columns],
                "constraints": [
                    k | {"columns": k["columns"] or [], "references": _related(k["references"])}
                    for k in content.get("constraints", [])
                    if k["type"] != "n"  # NOT NULL stands at its column
                ],
                "triggers": [
                    trigger | {"enabled": trigger["enabled"] != "D"} for trigger in content.get("triggers", [])
                ],
                "policies": [
                    policy | {"command": _COMMANDS[policy["command"]], "roles": policy["roles"] or [None]}
                    for policy in content.get("policies", [])
                ],
                "grants": _grants(content.get("grants")),
                "facts": {name: value for name, value in content.items() if name in _FACTS and value not in (None, [])},
            }
        )


_COMMANDS = {"*": "ALL", "r": "SELECT", "a": "INSERT", "w": "UPDATE", "d": "DELETE"}
_NO_COLUMN = {"not_null": False, "default": None, "identity": None, "generated": None, "comment": None}
# What is shown as a word and its value, beside the lists; everything of it is in the SQL as well.
_FACTS = frozenset(
    {
        *("persistence", "tablespace", "method", "options", "server", "replica_identity"),
        *("language", "result", "routine", "volatility", "security_definer", "strict"),
        *("base", "labels", "subtype"),
        *("type", "start", "increment", "minimum", "maximum", "cache", "cycle", "owned_by"),
        *("version", "offered", "members", "into"),
        *("superuser", "create_role", "create_database", "login", "replication", "bypass_row_security", "inherit"),
        *("connection_limit", "member_of"),
    }
)


def _related(entry: list[Any] | None) -> dict[str, Any] | None:
    return {"schema_name": entry[0], "name": entry[1], "columns": entry[2] if entry[2:] else []} if entry else None


def _grants(grants: list[list[Any]] | None) -> list[dict[str, Any]]:
    """By role, in the order in which they come."""
    found: dict[str | None, dict[str, Any]] = {}
    for role, privilege, grantable in grants or []:
        grant = found.setdefault(role, {"role": role, "privileges": [], "grantable": []})
        grant["privileges"].append(privilege)
        if grantable:
            grant["grantable"].append(privilege)
    return list(found.values())
