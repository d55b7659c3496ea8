"""What a revision file would do, read from its source without running it: its op.* calls, in order.

For revisions that ran before anybody watched. A name that only running would tell makes the call unread; a branch
is taken as if every side ran.
"""

import ast
from collections.abc import Callable, Iterator, Mapping

from stillroom_core.changes.change import Action, Change
from stillroom_core.revisions.syntax import NotRead, parse
from stillroom_worker.changes.statements import MOST, Path, changes_of, unread

Functions = Mapping[str, ast.FunctionDef | ast.AsyncFunctionDef]


class _Unknown(Exception):
    """A name that is computed."""


def operations_of(source: str) -> dict[str, list[dict[str, object]]] | None:
    """The changes of upgrade() and of downgrade() in stored form; None where the file cannot be read."""
    try:
        tree = parse(source)
    except (NotRead, RecursionError, MemoryError, ValueError):
        return None
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
    names = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and isinstance(node.value.value, str)
    }
    try:
        return {
            name: [change.as_dict() for change in _Reader(source, functions, names).read(name)]
            for name in ("upgrade", "downgrade")
            if name in functions
        }
    except (RecursionError, MemoryError):
        return None


class _Reader:
    """Walks one function and the functions of the file that it calls, each once."""

    def __init__(self, source: str, functions: Functions, names: dict[str, str]) -> None:
        self._source = source
        self._functions = functions
        self._names = dict(names)
        self._tables: dict[str, tuple[str, str]] = {}  # batch operations: variable → schema, table
        self._entered: set[str] = set()
        self._path = Path()

    def read(self, function: str) -> list[Change]:
        found: list[Change] = []
        for change in self._function(function):
            found.append(change)
            if len(found) >= MOST:
                break
        return found

    def _function(self, name: str) -> Iterator[Change]:
        self._entered.add(name)
        yield from self._block(self._functions[name].body)

    def _block(self, body: list[ast.stmt]) -> Iterator[Change]:
        for statement in body:
            if isinstance(statement, ast.With | ast.AsyncWith):
                for item in statement.items:
                    self._batch(item)
                yield from self._block(statement.body)
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            elif isinstance(statement, ast.If | ast.For | ast.AsyncFor | ast.While | ast.Try):
                for part in ("body", "handlers", "orelse", "finalbody"):
                    for inner in getattr(statement, part, ()):
                        yield from self._block(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])
            else:
                self._bind(statement)
                for call in _calls(statement):
                    yield from self._call(call)

    def _bind(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            for target in statement.targets:
                if isinstance(target, ast.Name) and isinstance(statement.value.value, str):
                    self._names[target.id] = statement.value.value

    def _batch(self, item: ast.withitem) -> None:
        call, variable = item.context_expr, item.optional_vars
        if isinstance(call, ast.Call) and _method(call)[1] == "batch_alter_table" and isinstance(variable, ast.Name):
            try:
                self._tables[variable.id] = (self._text(call, None, "schema", ""), self._text(call, 0, "table_name"))
            except _Unknown:
                self._tables[variable.id] = ("", "")

    def _call(self, call: ast.Call) -> Iterator[Change]:
        owner, method = _method(call)
        if isinstance(call.func, ast.Name) and call.func.id in self._functions and call.func.id not in self._entered:
            yield from self._function(call.func.id)
            return
        try:
            if owner in self._tables:
                schema, table = self._tables[owner]
                if method in _IN_BATCH and table:
                    yield from _IN_BATCH[method](self, call, schema, table)
                elif method in _IN_BATCH:
                    yield self._unread(call)
            elif owner == "op" and method in _OPERATIONS:
                yield from _OPERATIONS[method](self, call)
            elif method == "create" and isinstance(call.func, ast.Attribute):
                yield from self._type_of(call.func.value)
            elif method == "execute":
                yield from self._execute(call)
        except _Unknown:
            yield self._unread(call)

    def _unread(self, call: ast.Call) -> Change:
        return unread(ast.get_source_segment(self._source, call) or "", call.lineno)

    def _type_of(self, node: ast.expr) -> Iterator[Change]:
        """`sa.Enum(..., name="mood").create(...)`."""
        if isinstance(node, ast.Call) and _method(node)[1].lower() == "enum":
            name = self._keyword(node, "name", "")
            if name:
                yield Change("create", "enum", name, self._keyword(node, "schema", ""), line=node.lineno)

    def _execute(self, call: ast.Call) -> Iterator[Change]:
        argument: ast.expr | None = call.args[0] if call.args else None
        if isinstance(argument, ast.Call) and _method(argument)[1] in ("text", "DDL") and argument.args:
            argument = argument.args[0]
        if argument is None or (isinstance(argument, ast.Call) and _method(argument)[1] in _DML):
            return
        if isinstance(argument, ast.JoinedStr) and not all(isinstance(v, ast.Constant) for v in argument.values):
            raise _Unknown
        if isinstance(argument, ast.Call | ast.Attribute | ast.Subscript):
            raise _Unknown
        yield from changes_of(self._value(argument), call.lineno, self._path)

    def _value(self, node: ast.expr | None) -> str:
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Constant(value=None) | None:
                return ""
            case ast.Name(id=name) if name in self._names:
                return self._names[name]
            case ast.Call(args=[inner, *_]) if _method(node)[1] in ("f", "quoted_name"):
                return self._value(inner)
            case ast.JoinedStr(values=values) if all(isinstance(v, ast.Constant) for v in values):
                return "".join(str(v.value) for v in values if isinstance(v, ast.Constant))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self._value(left) + self._value(right)
            case _:
                raise _Unknown

    def _text(self, call: ast.Call, position: int | None, name: str, otherwise: str | None = None) -> str:
        """An argument by position or name; raises _Unknown where it is computed, or missing without a default."""
        for keyword in call.keywords:
            if keyword.arg == name:
                return self._value(keyword.value)
        if position is not None and position < len(call.args) and not isinstance(call.args[position], ast.Starred):
            return self._value(call.args[position])
        if otherwise is None:
            raise _Unknown
        return otherwise

    def _keyword(self, call: ast.Call, name: str, otherwise: str) -> str:
        return self._text(call, None, name, otherwise)

    def _columns(self, parts: list[ast.expr], schema: str, table: str) -> Iterator[Change]:
        """sa.Column(...) and the constraints beside them."""
        for part in parts:
            if not isinstance(part, ast.Call):
                continue
            method = _method(part)[1]
            if method == "Column":
                name = self._text(part, 0, "name")
                yield Change("create", "column", name, schema, table, line=part.lineno)
            elif method.endswith("Constraint"):
                name = self._keyword(part, "name", "")
                if not name and method == "PrimaryKeyConstraint":
                    name = f"{table}_pkey"
                if name:
                    yield Change("create", "constraint", name, schema, table, line=part.lineno)

    def create_table(self, call: ast.Call) -> Iterator[Change]:
        table, schema = self._text(call, 0, "table_name"), self._keyword(call, "schema", "")
        for part in ast.walk(call):
            if isinstance(part, ast.Call):
                yield from self._type_of(part)
        yield Change("create", "table", table, schema, line=call.lineno)
        yield from self._columns(call.args[1:], schema, table)

    def drop_table(self, call: ast.Call) -> Iterator[Change]:
        name = self._text(call, 0, "table_name")
        yield Change("drop", "table", name, self._keyword(call, "schema", ""), line=call.lineno)

    def rename_table(self, call: ast.Call) -> Iterator[Change]:
        old, new = self._text(call, 0, "old_table_name"), self._text(call, 1, "new_table_name")
        yield Change("rename", "table", old, self._keyword(call, "schema", ""), to=new, line=call.lineno)

    def execute(self, call: ast.Call) -> Iterator[Change]:
        yield from self._execute(call)

    def in_table(self, call: ast.Call, method: str) -> Iterator[Change]:
        """An operation whose table is an argument."""
        position = 1 if method in _NAME_FIRST else 0
        name = "source_table" if method in ("create_foreign_key",) else "table_name"
        table = self._text(call, position, name, "" if method == "drop_index" else None)
        schema = self._keyword(call, "source_schema" if method == "create_foreign_key" else "schema", "")
        yield from _IN_BATCH[method](self, call, schema, table)

    def column(self, call: ast.Call, schema: str, table: str, *, at: int) -> Iterator[Change]:
        yield from self._columns(call.args[at : at + 1] or [k.value for k in call.keywords], schema, table)

    def alter_column(self, call: ast.Call, schema: str, table: str, *, at: int) -> Iterator[Change]:
        name, new = self._text(call, at, "column_name"), self._keyword(call, "new_column_name", "")
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


_DML = frozenset({"insert", "update", "delete", "select", "values", "where", "returning"})
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
    return 1 if _method(call)[0] == "op" else 0


def _table_operation(method: str) -> Callable[[_Reader, ast.Call], Iterator[Change]]:
    return lambda reader, call: reader.in_table(call, method)


_OPERATIONS: dict[str, Callable[[_Reader, ast.Call], Iterator[Change]]] = {
    "create_table": _Reader.create_table,
    "drop_table": _Reader.drop_table,
    "rename_table": _Reader.rename_table,
    "execute": _Reader.execute,
    **{method: _table_operation(method) for method in _IN_BATCH},
}


def _method(call: ast.Call) -> tuple[str, str]:
    """`op.add_column(...)` → ("op", "add_column"); what is called otherwise has an empty owner."""
    match call.func:
        case ast.Attribute(value=ast.Name(id=owner), attr=method):
            return owner, method
        case ast.Attribute(attr=method):
            return "", method
        case ast.Name(id=name):
            return "", name
        case _:
            return "", ""


def _calls(statement: ast.stmt) -> Iterator[ast.Call]:
    """The calls of a statement that are not arguments of another, in order."""
    todo: list[ast.AST] = [statement]
    while todo:
        node = todo.pop(0)
        if isinstance(node, ast.Call):
            yield node
        elif not isinstance(node, ast.Lambda):
            todo[:0] = list(ast.iter_child_nodes(node))
