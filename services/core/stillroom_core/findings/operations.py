"""What is told of the two functions of a revision file, read from its source without running it."""

import ast
from collections.abc import Callable
from dataclasses import dataclass

from stillroom_core.findings.finding import Finding
from stillroom_core.findings.rules import Code
from stillroom_core.findings.scene import Scene, Table
from stillroom_core.findings.sql import (
    add_column,
    add_constraint,
    change_rows,
    create_index,
    drop_index,
    read_sql,
)
from stillroom_core.findings.values import differs_by_row
from stillroom_core.revisions.calls import ROWS, Call, Function, NotWritten, Source, argument, method_of, source_of

FUNCTIONS = ("upgrade", "downgrade")
COMPUTED = "…"  # stands for the name of a table that only running would tell


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of one function, and which tables it makes."""

    findings: list[Finding]
    new: frozenset[Table] = frozenset()


def read_revision(text: str) -> dict[str, Told] | None:
    """What is told of upgrade() and of downgrade(); None where the file cannot be read."""
    source = source_of(text)
    if source is None:
        return None
    try:
        found = {name: _Reader(source.function(name)).read() for name in FUNCTIONS if name in source.functions}
    except (RecursionError, MemoryError):
        return None
    upgrade = source.functions.get("upgrade")
    if upgrade is not None and not _empty(source, "upgrade") and _empty(source, "downgrade"):
        line = source.functions.get("downgrade", upgrade).lineno
        found["upgrade"].findings.append(Finding(Code.NO_WAY_BACK, line=line))
    return {name: found.get(name, Told([])) for name in FUNCTIONS}


def _empty(source: Source, name: str) -> bool:
    """Whether a function is missing, or does nothing but raise."""
    function = source.functions.get(name)
    if function is None:
        return True
    return all(
        isinstance(one, ast.Pass | ast.Raise | ast.Return)
        or (isinstance(one, ast.Expr) and isinstance(one.value, ast.Constant))
        for one in function.body
    )


class _Reader:
    """Tells a scene of the calls of one function."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._scene = Scene()

    def read(self) -> Told:
        told = False
        for called in self._function.calls():
            self._scene.in_block = called.committed
            if called.committed and not told:
                told = True
                self._scene.tell(Code.STAYS_IF_IT_FAILS, line=called.node.lineno)
            try:
                self._call(called)
            except NotWritten:
                self._scene.tell(Code.NOT_READ, line=called.node.lineno)
        return Told(self._scene.found, frozenset(self._scene.new))

    def _call(self, called: Call) -> None:
        node, method = called.node, called.method
        if called.batch is not None:
            if method in _IN_TABLE:
                schema, table = called.batch
                _IN_TABLE[method](self, node, (schema, table or COMPUTED), 0)
        elif called.owner == "op" and method in _IN_TABLE:
            _IN_TABLE[method](self, node, self._table(node, method), 1)
        elif called.owner == "op" and method in _WHOLE:
            _WHOLE[method](self, node)
        elif method == "execute":
            self._execute(node)

    def _table(self, call: ast.Call, method: str) -> Table:
        """The table that an operation names; after its own name, where that comes first."""
        if method == "create_foreign_key":
            return self._place(call, 1, "source_table", "source_schema")
        return self._place(call, 1 if method in _NAME_FIRST else 0, "table_name")

    def _place(self, call: ast.Call, position: int, name: str, schema: str = "schema") -> Table:
        node = argument(call, position, name)
        try:
            table = self._function.value(node)
        except NotWritten:
            # `Order.__tablename__` is the same table wherever it stands.
            table = ast.unparse(node) if isinstance(node, ast.Attribute) else COMPUTED
        return self._part(call, None, schema), table

    def _execute(self, call: ast.Call) -> None:
        node: ast.expr | None = call.args[0] if call.args else None
        chain = _chain(node) if isinstance(node, ast.Call) else frozenset()
        if chain & {"update", "delete"}:
            change_rows(self._scene, ("", ""), call.lineno, some="where" in chain)
        elif not chain & ROWS:
            sql = self._function.sql(call)
            if sql is not None:
                read_sql(sql, self._scene, call.lineno)

    def create_table(self, call: ast.Call) -> None:
        if not _is(argument(call, None, "if_not_exists"), True):
            self._scene.new.add(self._place(call, 0, "table_name"))

    def drop_table(self, call: ast.Call) -> None:
        self._scene.tell(Code.TABLE_DROPPED, self._place(call, 0, "table_name"), "", call.lineno)

    def rename_table(self, call: ast.Call) -> None:
        self._scene.tell(Code.RENAMED, self._place(call, 0, "old_table_name"), "", call.lineno)

    def add_column(self, call: ast.Call, table: Table, at: int) -> None:
        column = argument(call, at, "column")
        if not isinstance(column, ast.Call) or method_of(column)[1] != "Column":
            raise NotWritten
        name, line = self._part(column, 0, "name"), column.lineno
        parts = {method_of(part)[1] for part in column.args if isinstance(part, ast.Call)}
        stored = any(
            isinstance(part, ast.Call)
            and method_of(part)[1] == "Computed"
            and not _is(argument(part, 1, "persisted"), False)
            for part in column.args
        )
        default = argument(column, None, "server_default")
        made = bool(parts & {"Identity", "Computed"})
        add_column(
            self._scene,
            table,
            name,
            line,
            required=_is(argument(column, None, "nullable"), False) or _is(argument(column, None, "primary_key"), True),
            filled=made or (default is not None and not _is(default, None)),
            rewrites="Identity" in parts or stored or self._differs(default),
        )
        if "ForeignKey" in parts:  # Alembic sends it as a constraint of its own
            self._scene.tell(Code.FOREIGN_KEY_READS, table, name, line)
        if _is(argument(column, None, "unique"), True) or _is(argument(column, None, "primary_key"), True):
            self._scene.tell(Code.UNIQUE_READS, table, name, line)
        elif _is(argument(column, None, "index"), True):
            self._scene.tell(Code.INDEX_BLOCKS_WRITES, table, name, line)

    def _differs(self, default: ast.expr | None) -> bool:
        if not isinstance(default, ast.Call):
            return False  # a plain string is a literal
        owner, method = method_of(default)
        if method == "text" and default.args:
            try:
                return differs_by_row(self._function.value(default.args[0]))
            except NotWritten:
                return False
        return owner == "func" and differs_by_row(f"{method}()")

    def alter_column(self, call: ast.Call, table: Table, at: int) -> None:
        name = self._part(call, at, "column_name")
        renamed = argument(call, None, "new_column_name")
        if (
            renamed is not None
            and not _is(renamed, None)
            and (self._part(call, None, "new_column_name") or None) != name
        ):
            self._scene.tell(Code.RENAMED, table, name, call.lineno)
        if _is(argument(call, None, "nullable"), False):
            self._scene.tell(Code.NOT_NULL_READS, table, name, call.lineno)
        new = argument(call, None, "type_")
        if new is not None and not _brief(argument(call, None, "existing_type"), new):
            self._scene.tell(Code.TYPE_REWRITES, table, name, call.lineno)

    def drop_column(self, call: ast.Call, table: Table, at: int) -> None:
        self._scene.tell(Code.COLUMN_DROPPED, table, self._part(call, at, "column_name"), call.lineno)

    def create_index(self, call: ast.Call, table: Table, at: int) -> None:
        concurrently = _is(argument(call, None, "postgresql_concurrently"), True)
        create_index(self._scene, table, self._name(call), call.lineno, concurrently=concurrently)

    def drop_index(self, call: ast.Call, table: Table, at: int) -> None:
        concurrently = _is(argument(call, None, "postgresql_concurrently"), True)
        drop_index(self._scene, table, self._name(call), call.lineno, concurrently=concurrently)

    def constraint(self, call: ast.Call, table: Table, kind: str) -> None:
        not_valid = _is(argument(call, None, "postgresql_not_valid"), True)
        add_constraint(self._scene, table, kind, self._name(call), call.lineno, not_valid=not_valid)

    def _name(self, call: ast.Call) -> str:
        names = ("constraint_name", "index_name")
        return self._part(call, 0, next((k.arg for k in call.keywords if k.arg in names), None) or names[0])

    def _part(self, call: ast.Call, position: int | None, name: str) -> str:
        """The name of a column, an index or a constraint; empty where it is computed, which changes no judgement."""
        try:
            return self._function.text(call, position, name, "")
        except NotWritten:
            return ""


def _is(node: ast.expr | None, value: bool | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _chain(node: ast.expr) -> frozenset[str]:
    """`t.update().where(…).values(…)` → update, where, values."""
    found = set()
    while isinstance(node, ast.Call):
        found.add(method_of(node)[1])
        node = node.func.value if isinstance(node.func, ast.Attribute) else ast.Constant(None)
    return frozenset(found)


_TEXTS = frozenset({"String", "VARCHAR", "Unicode", "Text", "TEXT", "UnicodeText"})


def _brief(old: ast.expr | None, new: ast.expr) -> bool:
    """Whether a change of types leaves the rows as they are: a varchar that grows, or becomes text; the same type."""
    if old is None:
        return False
    if ast.dump(old) == ast.dump(new):
        return True
    kinds = {_type(old)[0], _type(new)[0]}
    if not kinds <= _TEXTS:
        return False
    before, after = _type(old)[1], _type(new)[1]
    return after is None or (before is not None and after >= before)


def _type(node: ast.expr) -> tuple[str, int | None]:
    """A type's name and its length: `sa.String(length=50)` → ("String", 50)."""
    if not isinstance(node, ast.Call):
        return (node.attr if isinstance(node, ast.Attribute) else "", None)
    length = argument(node, 0, "length")
    known = isinstance(length, ast.Constant) and isinstance(length.value, int)
    if length is not None and not known and not _is(length, None):
        return "", None
    return method_of(node)[1], length.value if known else None  # type: ignore[union-attr]


_InTable = Callable[[_Reader, ast.Call, Table, int], None]


def _constraint(kind: str) -> _InTable:
    return lambda reader, call, table, at: reader.constraint(call, table, kind)


_IN_TABLE: dict[str, _InTable] = {
    "add_column": _Reader.add_column,
    "alter_column": _Reader.alter_column,
    "drop_column": _Reader.drop_column,
    "create_index": _Reader.create_index,
    "drop_index": _Reader.drop_index,
    "create_foreign_key": _constraint("foreign"),
    "create_unique_constraint": _constraint("unique"),
    "create_primary_key": _constraint("primary"),
    "create_check_constraint": _constraint("check"),
    "create_exclude_constraint": _constraint("exclude"),
}
_NAME_FIRST = frozenset(_IN_TABLE) - {"add_column", "alter_column", "drop_column"}
_WHOLE: dict[str, Callable[[_Reader, ast.Call], None]] = {
    "create_table": _Reader.create_table,
    "drop_table": _Reader.drop_table,
    "rename_table": _Reader.rename_table,
    "execute": lambda reader, call: reader._execute(call),
}
