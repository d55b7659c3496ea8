"""What a revision file would do, read from its source without running it: its op.* calls, in order.

For revisions that ran before anybody watched. A name that only running would tell makes the call unread; a branch
is taken as if every side ran.
"""

import ast
from collections.abc import Callable, Iterator

from stillroom_core.changes.change import Action, Change
from stillroom_core.revisions.calls import Call, Function, NotWritten, method_of, source_of
from stillroom_worker.changes.statements import MOST, Path, changes_of, unread


def operations_of(source: str) -> dict[str, list[dict[str, object]]] | None:
    """The changes of upgrade() and of downgrade() in stored form; None where the file cannot be read."""
    file = source_of(source)
    if file is None:
        return None
    try:
        return {
            name: [change.as_dict() for change in _Reader(file.function(name)).read()]
            for name in ("upgrade", "downgrade")
            if name in file.functions
        }
    except (RecursionError, MemoryError):
        return None


class _Reader:
    """Tells what the calls of one function change."""

    def __init__(self, function: Function) -> None:
        self._function = function
        self._text, self._keyword = function.text, function.keyword
        self._path = Path()

    def read(self) -> list[Change]:
        found: list[Change] = []
        for called in self._function.calls():
            found.extend(self._call(called))
            if len(found) >= MOST:
                break
        return found[:MOST]

    def _call(self, called: Call) -> Iterator[Change]:
        call, method = called.node, called.method
        try:
            if called.batch is not None:
                schema, table = called.batch
                if method in _IN_BATCH and table:
                    yield from _IN_BATCH[method](self, call, schema, table)
                elif method in _IN_BATCH:
                    yield self._unread(call)
            elif called.owner == "op" and method in _OPERATIONS:
                yield from _OPERATIONS[method](self, call)
            elif method == "create" and isinstance(call.func, ast.Attribute):
                yield from self._type_of(call.func.value)
            elif method == "execute":
                yield from self.execute(call)
        except NotWritten:
            yield self._unread(call)

    def _unread(self, call: ast.Call) -> Change:
        return unread(self._function.source.segment(call), call.lineno)

    def execute(self, call: ast.Call) -> Iterator[Change]:
        sql = self._function.sql(call)
        if sql is not None:
            yield from changes_of(sql, call.lineno, self._path)

    def _type_of(self, node: ast.expr) -> Iterator[Change]:
        """`sa.Enum(..., name="mood").create(...)`."""
        if isinstance(node, ast.Call) and method_of(node)[1].lower() == "enum":
            name = self._keyword(node, "name")
            if name:
                yield Change("create", "enum", name, self._keyword(node, "schema"), line=node.lineno)

    def _columns(self, parts: list[ast.expr], schema: str, table: str) -> Iterator[Change]:
        """sa.Column(...) and the constraints beside them."""
        for part in parts:
            if not isinstance(part, ast.Call):
                continue
            method = method_of(part)[1]
            if method == "Column":
                name = self._text(part, 0, "name")
                yield Change("create", "column", name, schema, table, line=part.lineno)
            elif method.endswith("Constraint"):
                name = self._keyword(part, "name")
                if not name and method == "PrimaryKeyConstraint":
                    name = f"{table}_pkey"
                if name:
                    yield Change("create", "constraint", name, schema, table, line=part.lineno)

    def create_table(self, call: ast.Call) -> Iterator[Change]:
        table, schema = self._text(call, 0, "table_name"), self._keyword(call, "schema")
        for part in ast.walk(call):
            if isinstance(part, ast.Call):
                yield from self._type_of(part)
        yield Change("create", "table", table, schema, line=call.lineno)
        yield from self._columns(call.args[1:], schema, table)

    def drop_table(self, call: ast.Call) -> Iterator[Change]:
        name = self._text(call, 0, "table_name")
        yield Change("drop", "table", name, self._keyword(call, "schema"), line=call.lineno)

    def rename_table(self, call: ast.Call) -> Iterator[Change]:
        old, new = self._text(call, 0, "old_table_name"), self._text(call, 1, "new_table_name")
        yield Change("rename", "table", old, self._keyword(call, "schema"), to=new, line=call.lineno)

    def in_table(self, call: ast.Call, method: str) -> Iterator[Change]:
        """An operation whose table is an argument."""
        position = 1 if method in _NAME_FIRST else 0
        name = "source_table" if method in ("create_foreign_key",) else "table_name"
        table = self._text(call, position, name, "" if method == "drop_index" else None)
        schema = self._keyword(call, "source_schema" if method == "create_foreign_key" else "schema")
        yield from _IN_BATCH[method](self, call, schema, table)

    def column(self, call: ast.Call, schema: str, table: str, *, at: int) -> Iterator[Change]:
        yield from self._columns(call.args[at : at + 1] or [k.value for k in call.keywords], schema, table)

    def alter_column(self, call: ast.Call, schema: str, table: str, *, at: int) -> Iterator[Change]:
        name, new = self._text(call, at, "column_name"), self._keyword(call, "new_column_name")
        if new and new != name:
            yield Change("rename", "column", name, schema, table, to=new, line=call.lineno)
        if not new or len(call.keywords) > 1:
            yield Change("alter", "column", new or name, schema, table, line=call.lineno)

    def drop_column(self, call: ast.Call, schema: str, table: str, *, at: int) -> Iterator[Change]:
        yield Change("drop", "column", self._text(call, at, "column_name"), schema, table, line=call.lineno)

    def part(self, call: ast.Call, schema: str, table: str, action: Action, kind: str) -> Iterator[Change]:
        names = ("constraint_name", "index_name", "name")
        given = next((k.arg for k in call.keywords if k.arg in names), names[0])
        name = self._text(call, 0, given or names[0], "")
        if name:
            yield Change(action, kind, name, schema, table, line=call.lineno)
        else:
            yield Change("alter", "table", table, schema, line=call.lineno)

    def whole(self, call: ast.Call, schema: str, table: str) -> Iterator[Change]:
        yield Change("alter", "table", table, schema, line=call.lineno)


_NAME_FIRST = frozenset(
    {
        *("create_index", "drop_index", "create_foreign_key", "create_unique_constraint", "create_primary_key"),
        *("create_check_constraint", "create_exclude_constraint", "drop_constraint"),
    }
)

_Batch = Callable[[_Reader, ast.Call, str, str], Iterator[Change]]


def _part(action: Action, kind: str) -> _Batch:
    return lambda reader, call, schema, table: reader.part(call, schema, table, action, kind)


_IN_BATCH: dict[str, _Batch] = {
    "add_column": lambda reader, call, schema, table: reader.column(call, schema, table, at=_at(call)),
    "alter_column": lambda reader, call, schema, table: reader.alter_column(call, schema, table, at=_at(call)),
    "drop_column": lambda reader, call, schema, table: reader.drop_column(call, schema, table, at=_at(call)),
    "create_index": _part("create", "index"),
    "drop_index": _part("drop", "index"),
    "drop_constraint": _part("drop", "constraint"),
    **{
        name: _part("create", "constraint")
        for name in (
            *("create_foreign_key", "create_unique_constraint", "create_primary_key"),
            *("create_check_constraint", "create_exclude_constraint"),
        )
    },
    "create_table_comment": lambda reader, call, schema, table: reader.whole(call, schema, table),
    "drop_table_comment": lambda reader, call, schema, table: reader.whole(call, schema, table),
}


def _at(call: ast.Call) -> int:
    """Where an operation's own first argument stands: behind the table's name, where that is one."""
    return 1 if method_of(call)[0] == "op" else 0


def _table_operation(method: str) -> Callable[[_Reader, ast.Call], Iterator[Change]]:
    return lambda reader, call: reader.in_table(call, method)


_OPERATIONS: dict[str, Callable[[_Reader, ast.Call], Iterator[Change]]] = {
    "create_table": _Reader.create_table,
    "drop_table": _Reader.drop_table,
    "rename_table": _Reader.rename_table,
    "execute": _Reader.execute,
    **{method: _table_operation(method) for method in _IN_BATCH},
}
