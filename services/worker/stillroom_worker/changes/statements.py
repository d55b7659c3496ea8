"""What a statement does to which objects, by its head.

Nothing is looked up: names are as written. What cannot be known from the text (DO, EXECUTE, a broken quote) is told
as unread, and whatever is no DDL as nothing.
"""

import re
from collections.abc import Callable, Iterator

from stillroom_core.changes.change import Change
from stillroom_core.revisions.words import NoWords, Words, statements_of

MOST = 2_000
_SHOWN = 120
_DDL = re.compile(r"\b(?:create|alter|drop|comment|grant|revoke|do|call|import|set|reset|into)\b", re.IGNORECASE)
_SPACE = re.compile(r"\s+")

_KINDS = {
    ("foreign", "table"): "foreign_table",
    ("materialized", "view"): "materialized_view",
    ("event", "trigger"): "event_trigger",
    ("table",): "table",
    ("view",): "view",
    ("index",): "index",
    ("sequence",): "sequence",
    ("type",): "type",
    ("domain",): "domain",
    ("function",): "function",
    ("procedure",): "function",
    ("routine",): "function",
    ("aggregate",): "function",
    ("schema",): "schema",
    ("extension",): "extension",
    ("role",): "role",
    ("user",): "role",
    ("statistics",): "statistics",
    ("trigger",): "trigger",
    ("policy",): "policy",
    ("rule",): "rule",
    ("column",): "column",
    ("constraint",): "constraint",
}
_OF_TABLE = frozenset({"trigger", "policy", "rule", "constraint"})
_GLOBAL = frozenset({"schema", "extension", "role", "event_trigger"})


class Path:
    """The search path that the statements set, in order; None stands for the server's own."""

    def __init__(self) -> None:
        self.schemas: list[str] | None = None


def changes_of(sql: str, line: int | None = None, path: Path | None = None) -> list[Change]:
    """The changes of a text of one or several statements, in order; never raises for what the text is."""
    if not _DDL.search(sql):
        return []
    path = path or Path()
    found: list[Change] = []
    try:
        for words in statements_of(sql):
            found.extend(_statement(words, line, path))
            if len(found) > MOST:
                return [*found[:MOST], unread(sql, line)]
    except NoWords:
        found.append(unread(sql, line))
    return found


def unread(text: str, line: int | None) -> Change:
    """What may change something, and nobody can say what."""
    return Change("unread", "statement", _SPACE.sub(" ", text.strip())[:_SHOWN], line=line)


def _statement(words: Words, line: int | None, path: Path) -> Iterator[Change]:
    if words.is_("do") or words.is_("call") or words.is_("import"):
        yield unread(words.rest(), line)
        return
    if words.take("set") or words.is_("reset", "search_path"):
        _set(words, path)
        return
    for word, reader in _READERS.items():
        if words.take(word):
            whole = f"{word} {words.rest()}"
            empty = True
            for change in reader(words):
                empty = False
                if change.name or change.table:
                    yield _placed(change, line, path)
                else:
                    yield unread(whole, line)
            if empty:
                yield unread(whole, line)
            return


def _placed(change: Change, line: int | None, path: Path) -> Change:
    schema = change.schema
    if not schema and path.schemas and change.kind not in _GLOBAL:
        schema = path.schemas[0]
    return Change(change.action, change.kind, change.name, schema, change.table, change.to, change.to_schema, line)


def _set(words: Words, path: Path) -> None:
    if words.take("reset", "search_path"):
        path.schemas = None
        return
    _ = words.any_of("local", "session")
    if not words.take("search_path"):
        return
    _ = words.any_of("to", "=")
    names = []
    for item in words.items():
        word = item.next()
        if word is not None and word.text != "$user":
            names.append(word.text)
    path.schemas = None if names == ["default"] else names


def _kind(words: Words) -> str:
    for texts, kind in _KINDS.items():
        if words.take(*texts):
            return kind
    return ""


def _create(words: Words) -> Iterator[Change]:
    _ = words.take("or", "replace")
    while words.any_of("global", "local", "temporary", "temp", "unlogged", "unique", "recursive", "constraint"):
        pass
    kind = _kind(words)
    if kind == "index":
        _ = words.take("concurrently")
        words.exists()
        name = "" if words.is_("on") else words.name()
        if words.take("on"):
            _ = words.take("only")
            schema, table = words.place()
            yield Change("create", "index", name, schema, table) if name else Change("alter", "table", table, schema)
        return
    words.exists()
    if kind in _OF_TABLE:
        name = words.name()
        if words.seek("to" if kind == "rule" else "on"):
            schema, table = words.place()
            yield Change("create", kind, name, schema, table)
        return
    if kind in _GLOBAL:
        _ = kind == "schema" and words.take("authorization")
        yield Change("create", kind, words.name())
        return
    schema, name = words.place()
    if not kind:
        return
    if kind == "statistics" and words.seek("from"):
        table_schema, table = words.place()
        yield Change("create", kind, name, schema or table_schema, table)
        return
    yield Change("create", _type_kind(kind, words), name, schema)
    if kind in ("table", "foreign_table"):
        yield from _body(words, schema, name)


def _type_kind(kind: str, words: Words) -> str:
    if kind != "type":
        return kind
    if words.is_("as", "enum"):
        return "enum"
    return "range" if words.is_("as", "range") else "composite" if words.is_("as", "(") else "type"


_CONSTRAINTS = ("constraint", "primary", "unique", "foreign", "check", "exclude")


def _body(words: Words, schema: str, table: str) -> Iterator[Change]:
    """The columns and constraints inside of CREATE TABLE's brackets."""
    if words.take("partition", "of"):
        words.place()
    for item in words.bracket():
        if item.is_("like"):
            continue
        if any(item.is_(word) for word in _CONSTRAINTS):
            yield from _constraint(item, schema, table)
            continue
        column = item.name()
        if column:
            yield Change("create", "column", column, schema, table)
            yield from _inline(item, schema, table, column)


def _inline(item: Words, schema: str, table: str, column: str) -> Iterator[Change]:
    """Constraints that stand behind a column."""
    while item:
        if item.take("constraint"):
            name = item.name()
            if not item.is_("not", "null") and name:
                yield Change("create", "constraint", name, schema, table)
            item.skip()
        elif item.take("primary", "key"):
            yield from _named(f"{table}_pkey", schema, table)
        elif item.take("references"):
            yield from _named(f"{table}_{column}_fkey", schema, table)
        elif item.take("unique"):
            yield from _named(f"{table}_{column}_key", schema, table)
        elif item.take("check"):
            yield from _named(f"{table}_{column}_check", schema, table)
        else:
            item.skip()


def _named(name: str, schema: str, table: str) -> Iterator[Change]:
    """A constraint by the name that PostgreSQL chooses, where it is sure to be that one."""
    if len(name.encode()) <= 63:
        yield Change("create", "constraint", name, schema, table)


def _constraint(item: Words, schema: str, table: str) -> Iterator[Change]:
    if item.take("constraint"):
        yield Change("create", "constraint", item.name(), schema, table)
    elif item.take("primary", "key"):
        yield from _named(f"{table}_pkey", schema, table)
    else:
        ending = "key" if item.take("unique") else "fkey" if item.take("foreign", "key") else ""
        columns = [name for column in item.bracket() if (name := column.name())]
        if ending and columns:
            yield from _named("_".join([table, *columns, ending]), schema, table)
        else:
            yield Change("alter", "table", table, schema)


def _alter(words: Words) -> Iterator[Change]:
    if words.take("default", "privileges") or words.take("database") or words.take("system"):
        yield Change("alter", "database", "privileges")
        return
    kind = _kind(words)
    if not kind:
        return
    words.exists()
    _ = words.take("only")
    if kind in _OF_TABLE:
        name = words.name()
        if words.take("on"):
            schema, table = words.place()
            yield from _whole(words, kind, schema, name, table)
        return
    if kind in _GLOBAL:
        yield from _whole(words, kind, "", words.name(), "")
        return
    schema, name = words.place()
    _ = words.take("*")
    if kind == "function":
        words.bracket()
    if kind in ("table", "foreign_table", "view", "materialized_view", "type", "domain") and name:
        yield from _actions(words, kind, schema, name)
        return
    yield from _whole(words, kind, schema, name, "")


def _whole(words: Words, kind: str, schema: str, name: str, table: str) -> Iterator[Change]:
    """ALTER of something without parts."""
    if words.take("rename", "to"):
        yield Change("rename", kind, name, schema, table, to=words.name())
    elif words.take("set", "schema"):
        yield Change("rename", kind, name, schema, table, to=name, to_schema=words.name())
    else:
        yield Change("alter", kind, name, schema, table)


_OTHER_PARTS = ("trigger", "rule")


def _actions(words: Words, kind: str, schema: str, table: str) -> Iterator[Change]:
    """The actions of one ALTER, cut at its commas. What is no part's is the whole's."""
    if words.is_("rename") or words.is_("set", "schema"):
        yield from _renames(words, kind, schema, table)
        return
    if kind in ("type", "domain"):
        yield Change("alter", kind, table, schema)
        return
    for item in words.items():
        if item.take("add"):
            if any(item.is_(word) for word in _CONSTRAINTS):
                yield from _constraint(item, schema, table)
            else:
                _ = item.take("column")
                item.exists()
                column = item.name()
                yield Change("create", "column", column, schema, table)
                yield from _inline(item, schema, table, column)
        elif item.take("drop"):
            part = item.any_of("constraint", "column") or "column"
            item.exists()
            yield Change("drop", part, item.name(), schema, table)
        elif item.take("alter") or item.take("validate"):
            part = item.any_of("constraint", "column") or "column"
            yield Change("alter", part, item.name(), schema, table)
        elif any(item.take(word, one) for word in ("enable", "disable") for one in _OTHER_PARTS):
            yield Change("alter", "trigger", item.name(), schema, table)
        elif item.take("attach", "partition") or item.take("detach", "partition"):
            other_schema, other = item.place()
            yield Change("alter", kind, table, schema)
            yield Change("alter", "table", other, other_schema)
        else:
            yield Change("alter", kind, table, schema)


def _renames(words: Words, kind: str, schema: str, table: str) -> Iterator[Change]:
    if words.take("set", "schema"):
        yield Change("rename", kind, table, schema, to=table, to_schema=words.name())
    elif words.take("rename", "to"):
        yield Change("rename", kind, table, schema, to=words.name())
    elif words.take("rename", "value") or kind in ("type", "domain"):
        yield Change("alter", kind, table, schema)
    else:
        words.skip()
        part = words.any_of("constraint", "column") or "column"
        name = words.name()
        if words.take("to"):
            yield Change("rename", part, name, schema, table, to=words.name())


def _drop(words: Words) -> Iterator[Change]:
    if words.take("owned", "by"):
        return
    kind = _kind(words)
    if not kind:
        return
    _ = words.take("concurrently")
    words.exists()
    if kind in _OF_TABLE:
        name = words.name()
        if words.take("on"):
            schema, table = words.place()
            yield Change("drop", kind, name, schema, table)
        return
    for item in words.items():
        if kind in _GLOBAL:
            yield Change("drop", kind, item.name())
        else:
            schema, name = item.place()
            yield Change("drop", kind, name, schema)


def _comment(words: Words) -> Iterator[Change]:
    if not words.take("on"):
        return
    kind = _kind(words)
    if kind == "column":
        parts = [words.name()]
        while words.take("."):
            parts.append(words.name())
        table, column = (parts[-2], parts[-1]) if len(parts) > 1 else ("", "")
        yield Change("alter", "column", column, parts[-3] if len(parts) > 2 else "", table)
    elif kind in _OF_TABLE:
        name = words.name()
        if words.take("on"):
            domain = words.take("domain")
            schema, table = words.place()
            yield Change("alter", "domain", table, schema) if domain else Change("alter", kind, name, schema, table)
    elif kind in _GLOBAL:
        yield Change("alter", kind, words.name())
    elif kind:
        schema, name = words.place()
        yield Change("alter", kind, name, schema)


def _grant(words: Words) -> Iterator[Change]:
    first = words.name()
    if not words.seek("on"):  # a role to a role
        yield Change("alter", "role", first)
        return
    if words.take("all"):
        if words.seek("schema"):
            yield Change("alter", "schema", words.name())
        return
    kind = _kind(words) or "table"
    if kind == "table" and (words.is_("database") or words.is_("language")):
        yield Change("alter", "database", "privileges")
        return
    while words:
        if kind in _GLOBAL:
            yield Change("alter", kind, words.name())
        else:
            schema, name = words.place()
            yield Change("alter", kind, name, schema)
            words.bracket()
        if not words.take(","):
            return


_READERS: dict[str, Callable[[Words], Iterator[Change]]] = {
    "create": _create,
    "alter": _alter,
    "drop": _drop,
    "comment": _comment,
    "grant": _grant,
    "revoke": _grant,
}
