"""What is told of a text of SQL, by the heads of its statements. Nothing is looked up: names are as written."""

from collections.abc import Callable

from stillroom_core.findings.rules import Code
from stillroom_core.findings.scene import Scene, Table
from stillroom_core.findings.values import differs_by_row
from stillroom_core.revisions.words import NoWords, Words, statements_of

_CONSTRAINTS = ("constraint", "primary", "unique", "foreign", "check", "exclude")
_SERIAL = frozenset({"serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"})
# Heads of statements that compute what they do.
_COMPUTED = ("do", "call", "execute")


def read_sql(sql: str, scene: Scene, line: int | None) -> None:
    """Tells the scene of each statement; never raises for what the text is."""
    try:
        for words in statements_of(sql):
            _statement(words, scene, line)
    except NoWords:
        scene.tell(Code.NOT_READ, line=line)


def _statement(words: Words, scene: Scene, line: int | None) -> None:
    for head, reader in _READERS.items():
        if words.take(head):
            reader(words, scene, line)
            return
    if any(words.is_(head) for head in _COMPUTED):
        scene.tell(Code.NOT_READ, line=line)
    elif words.any_of("commit", "end"):
        scene.by_hand = True  # the transaction that Alembic began; nothing begins another one
    elif words.is_("begin") or words.is_("start", "transaction"):
        scene.by_hand = False


def _create(words: Words, scene: Scene, line: int | None) -> None:
    _ = words.take("or", "replace")
    while words.any_of("global", "local", "temporary", "temp", "unlogged"):
        pass
    _ = words.take("unique")
    if words.take("index"):
        concurrently = words.take("concurrently")
        words.exists()
        name = "" if words.is_("on") else words.name()
        _ = words.take("on") and words.take("only")
        create_index(scene, words.place(), name, line, concurrently=concurrently)
    elif words.take("table"):
        maybe = words.take("if", "not", "exists")
        table = words.place()
        if not maybe:
            scene.new.add(table)
    elif words.take("materialized", "view"):
        words.exists()
        scene.new.add(words.place())
    elif words.any_of("database", "tablespace", "subscription"):
        scene.without_transaction("CREATE", line)


def _alter(words: Words, scene: Scene, line: int | None) -> None:
    if words.take("type"):
        table = words.place()
        if words.take("add", "value"):
            scene.tell(Code.ENUM_VALUE, ("", ""), table[1], line)
        elif words.is_("rename", "to") or words.is_("set", "schema"):
            scene.tell(Code.RENAMED, ("", ""), table[1], line)
    elif words.take("table") or words.take("foreign", "table") or words.take("materialized", "view"):
        words.exists()
        _ = words.take("only")
        table = words.place()
        _ = words.take("*")
        _actions(words, scene, table, line)


def _actions(words: Words, scene: Scene, table: Table, line: int | None) -> None:
    """The actions of one ALTER TABLE."""
    if words.take("rename"):
        part = words.any_of("constraint", "column")
        name = "" if words.is_("to") else words.name()
        if part != "constraint":
            scene.tell(Code.RENAMED, table, name, line)
        return
    if words.is_("set", "schema"):
        scene.tell(Code.RENAMED, table, "", line)
        return
    for item in words.items():
        if item.take("add"):
            if any(item.is_(word) for word in _CONSTRAINTS):
                _constraint(item, scene, table, line)
            else:
                _add_column(item, scene, table, line)
        elif item.take("drop"):
            if item.take("constraint"):
                continue
            _ = item.take("column")
            item.exists()
            scene.tell(Code.COLUMN_DROPPED, table, item.name(), line)
        elif item.take("alter"):
            _ = item.take("column")
            _alter_column(item, scene, table, line)
        elif item.take("attach", "partition"):
            scene.tell(Code.PARTITION_READS, item.place(), "", line)
        elif item.take("detach", "partition"):
            item.place()
            if item.take("concurrently"):
                scene.without_transaction("DETACH PARTITION CONCURRENTLY", line)
        elif item.take("set") and item.any_of("logged", "unlogged", "tablespace", "access"):
            scene.tell(Code.TABLE_REWRITTEN, table, "", line)


def _add_column(item: Words, scene: Scene, table: Table, line: int | None) -> None:
    _ = item.take("column")
    item.exists()
    name = item.name()
    serial = any(item.is_(word) for word in _SERIAL)
    required, filled, rewrites = False, serial, serial
    while item:
        if item.take("not", "null"):
            required = True
        elif item.take("generated"):
            filled = True
            computed = item.take("always", "as") and bool(item.bracket())
            rewrites = rewrites or not computed or item.take("stored")
        elif item.take("default"):
            filled = not item.is_("null")
            rewrites = rewrites or differs_by_row(item.rest())
            item.skip()
        elif item.take("unique") or item.take("primary", "key"):
            scene.tell(Code.UNIQUE_READS, table, name, line)
        elif item.take("check"):
            scene.tell(Code.CHECK_READS, table, name, line)
        else:
            item.skip()
    add_column(scene, table, name, line, required=required, filled=filled, rewrites=rewrites)


def add_column(
    scene: Scene, table: Table, name: str, line: int | None, *, required: bool, filled: bool, rewrites: bool
) -> None:
    """What is told of a new column, however it was written."""
    if rewrites:
        scene.tell(Code.COLUMN_REWRITES, table, name, line)
    elif required and not filled:
        scene.tell(Code.COLUMN_WITHOUT_DEFAULT, table, name, line)


def _alter_column(item: Words, scene: Scene, table: Table, line: int | None) -> None:
    name = item.name()
    if item.take("set", "data", "type") or item.take("type"):
        if not (item.is_("text") or (item.is_("varchar") and "(" not in item.rest())):
            scene.tell(Code.TYPE_REWRITES, table, name, line)
    elif item.take("set", "not", "null"):
        scene.tell(Code.NOT_NULL_READS, table, name, line)
    elif item.take("set", "expression"):
        scene.tell(Code.COLUMN_REWRITES, table, name, line)
    elif item.take("add", "generated"):
        return  # only of a column that is NOT NULL already


def _constraint(item: Words, scene: Scene, table: Table, line: int | None) -> None:
    name = item.name() if item.take("constraint") else ""
    kind = item.any_of("check", "foreign", "unique", "primary", "exclude") or ""
    rest = item.rest()
    add_constraint(scene, table, kind, name, line, not_valid=rest.endswith("not valid"), attached="using index" in rest)


def add_constraint(
    scene: Scene, table: Table, kind: str, name: str, line: int | None, *, not_valid: bool, attached: bool = False
) -> None:
    """What is told of a new constraint, however it was written; `kind` is the first word of its SQL."""
    code = _OF_CONSTRAINTS.get(kind)
    if code is not None and not not_valid and not (attached and code is Code.UNIQUE_READS):
        scene.tell(code, table, name, line)


_OF_CONSTRAINTS = {
    "check": Code.CHECK_READS,
    "foreign": Code.FOREIGN_KEY_READS,
    "unique": Code.UNIQUE_READS,
    "primary": Code.UNIQUE_READS,
    "exclude": Code.UNIQUE_READS,
}


def create_index(scene: Scene, table: Table, name: str, line: int | None, *, concurrently: bool) -> None:
    """What is told of a new index, however it was written."""
    if concurrently:
        scene.without_transaction("CREATE INDEX CONCURRENTLY", line)
    else:
        scene.tell(Code.INDEX_BLOCKS_WRITES, table, name, line)


def drop_index(scene: Scene, table: Table, name: str, line: int | None, *, concurrently: bool) -> None:
    """What is told of an index that goes, however it was written."""
    if concurrently:
        scene.without_transaction("DROP INDEX CONCURRENTLY", line)
    else:
        scene.tell(Code.INDEX_DROPPED, table, name, line)


def _drop(words: Words, scene: Scene, line: int | None) -> None:
    if words.take("index"):
        concurrently = words.take("concurrently")
        words.exists()
        for item in words.items():
            drop_index(scene, ("", ""), item.place()[1], line, concurrently=concurrently)
    elif words.take("table"):
        words.exists()
        for item in words.items():
            scene.tell(Code.TABLE_DROPPED, item.place(), "", line)
    elif words.take("schema"):
        words.exists()
        for item in words.items():
            schema = item.name()
            if item.take("cascade"):
                scene.tell(Code.TABLE_DROPPED, (schema, ""), "", line)
    elif words.any_of("database", "tablespace", "subscription"):
        scene.without_transaction("DROP", line)


def _truncate(words: Words, scene: Scene, line: int | None) -> None:
    _ = words.take("table")
    for item in words.items():
        _ = item.take("only")
        scene.tell(Code.TABLE_EMPTIED, item.place(), "", line)


def _update(words: Words, scene: Scene, line: int | None) -> None:
    _ = words.take("only")
    change_rows(scene, words.place(), line, some=words.seek("where"))


def _delete(words: Words, scene: Scene, line: int | None) -> None:
    _ = words.take("from")
    _update(words, scene, line)


def change_rows(scene: Scene, table: Table, line: int | None, *, some: bool) -> None:
    """What is told of an UPDATE or DELETE, however it was written."""
    scene.tell(Code.ROWS_CHANGED if some else Code.ALL_ROWS_CHANGED, table, "", line)


def _vacuum(words: Words, scene: Scene, line: int | None) -> None:
    full = words.take("full") or "full" in words.rest().split(")")[0].replace("(", " ").split()
    scene.without_transaction("VACUUM", line)
    if full:
        words.bracket()
        scene.tell(Code.TABLE_REWRITTEN, words.place(), "", line)


def _cluster(words: Words, scene: Scene, line: int | None) -> None:
    _ = words.take("verbose")
    scene.tell(Code.TABLE_REWRITTEN, words.place(), "", line)


def _reindex(words: Words, scene: Scene, line: int | None) -> None:
    rest = words.rest()
    words.bracket()
    what = words.any_of("index", "table", "schema", "database", "system")
    if "concurrently" in rest or what in ("database", "system", "schema"):
        scene.without_transaction("REINDEX", line)
        return
    schema, name = words.place()
    scene.tell(Code.INDEX_REBUILT, (schema, name) if what == "table" else ("", ""), name, line)


def _refresh(words: Words, scene: Scene, line: int | None) -> None:
    if words.take("materialized", "view") and not words.take("concurrently"):
        scene.tell(Code.VIEW_REFRESHED, words.place(), "", line)


def _lock(words: Words, scene: Scene, line: int | None) -> None:
    _ = words.take("table")
    _ = words.take("only")
    table = words.place()
    rest = words.rest()
    if "access share" not in rest and "row" not in rest:
        scene.tell(Code.TABLE_LOCKED, table, "", line)


_READERS: dict[str, Callable[[Words, Scene, int | None], None]] = {
    "create": _create,
    "alter": _alter,
    "drop": _drop,
    "truncate": _truncate,
    "update": _update,
    "delete": _delete,
    "vacuum": _vacuum,
    "cluster": _cluster,
    "reindex": _reindex,
    "refresh": _refresh,
    "lock": _lock,
}
