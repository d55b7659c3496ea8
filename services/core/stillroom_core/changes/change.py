"""One thing that a revision does to one object."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

Action = Literal["create", "alter", "rename", "drop", "unread"]

# Names that PostgreSQL keeps apart: two objects of one family in one schema cannot share a name.
RELATION = frozenset({"table", "foreign_table", "view", "materialized_view", "sequence", "index"})
TYPE = frozenset({"type", "enum", "domain", "composite", "range"})
# What belongs to a table and is named within it.
PART = frozenset({"column", "constraint", "trigger", "policy", "rule"})


@dataclass(frozen=True, slots=True)
class Change:
    """`schema` is empty where none was written; `table` names whose part it is; `to` is the new name, or its schema.

    A change that could not be read says so as `unread`; `name` is then the beginning of its text.
    """

    action: Action
    kind: str
    name: str
    schema: str = ""
    table: str = ""
    to: str = ""
    to_schema: str = ""
    line: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """The stored form, without what is empty."""
        return {key: value for key, value in asdict(self).items() if value not in ("", None)}


def family(kind: str) -> frozenset[str]:
    """The kinds among which a name is one object."""
    for kinds in (RELATION, TYPE):
        if kind in kinds:
            return kinds
    return frozenset({kind})
