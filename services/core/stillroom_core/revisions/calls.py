"""The calls that the functions of a revision file would make, in order, read from its source without running it.

A branch is taken as if every side ran; a function of the file that is called is entered once. What an argument is can
be asked as long as it stands there: a name that only running would tell raises NotWritten.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from stillroom_core.revisions.syntax import NotRead, parse

_WITHOUT_TRANSACTION = "autocommit_block"


class NotWritten(Exception):
    """An argument that is computed: what it is stands nowhere in the file."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call; `owner` is the variable before the dot.

    `batch` is the (schema, table) of the batch operations that it is of, with an empty name where that is computed;
    `committed` says that it stands in a block without a transaction.
    """

    node: ast.Call
    owner: str
    method: str
    batch: tuple[str, str] | None
    committed: bool


class Source:
    """A revision file; raises NotRead, RecursionError or MemoryError where it cannot be read."""

    def __init__(self, text: str) -> None:
        tree = parse(text)
        self._text = text
        self.functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)}
        self._constants = {
            target.id: node.value.value
            for node in tree.body
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name) and isinstance(node.value.value, str)
        }

    def function(self, name: str) -> "Function":
        """One function of the file, to be walked."""
        return Function(self, name, dict(self._constants))

    def segment(self, node: ast.AST) -> str:
        """How a part of the file is written."""
        return ast.get_source_segment(self._text, node) or ""


class Function:
    """Walks one function and those of the file that it calls, each once."""

    def __init__(self, source: Source, name: str, names: dict[str, str]) -> None:
        self.source = source
        self._name = name
        self._names = names
        self._batches: dict[str, tuple[str, str]] = {}  # variable → schema, table
        self._entered: set[str] = set()
        self._committed = 0

    def calls(self) -> Iterator[Call]:
        """Every call that is no argument of another, in order."""
        yield from self._enter(self._name)

    def value(self, node: ast.expr | None) -> str:
        """The text that an expression stands for, empty for None; raises NotWritten."""
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Constant(value=None) | None:
                return ""
            case ast.Name(id=name) if name in self._names:
                return self._names[name]
            case ast.Call(args=[inner, *_]) if method_of(node)[1] in ("f", "quoted_name"):
                return self.value(inner)
            case ast.JoinedStr(values=values) if all(isinstance(v, ast.Constant) for v in values):
                return "".join(str(v.value) for v in values if isinstance(v, ast.Constant))
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return self.value(left) + self.value(right)
            case _:
                raise NotWritten

    def text(self, call: ast.Call, position: int | None, name: str, otherwise: str | None = None) -> str:
        """An argument by position or name; raises NotWritten where it is computed, or missing without a default."""
        node = argument(call, position, name)
        if node is not None:
            return self.value(node)
        if otherwise is None:
            raise NotWritten
        return otherwise

    def keyword(self, call: ast.Call, name: str, otherwise: str = "") -> str:
        """An argument by name alone; raises NotWritten."""
        return self.text(call, None, name, otherwise)

    def sql(self, call: ast.Call) -> str | None:
        """What `execute` is given, None where it is an expression that changes rows; raises NotWritten."""
        node: ast.expr | None = call.args[0] if call.args else None
        if isinstance(node, ast.Call) and method_of(node)[1] in ("text", "DDL") and node.args:
            node = node.args[0]
        if node is None or (isinstance(node, ast.Call) and method_of(node)[1] in ROWS):
            return None
        if isinstance(node, ast.JoinedStr) and not all(isinstance(v, ast.Constant) for v in node.values):
            raise NotWritten
        if isinstance(node, ast.Call | ast.Attribute | ast.Subscript):
            raise NotWritten
        return self.value(node)

    def _enter(self, name: str) -> Iterator[Call]:
        self._entered.add(name)
        yield from self._block(self.source.functions[name].body)

    def _block(self, body: list[ast.stmt]) -> Iterator[Call]:
        for statement in body:
            if isinstance(statement, ast.With | ast.AsyncWith):
                committed = sum(self._opens(item) for item in statement.items)
                self._committed += committed
                yield from self._block(statement.body)
                self._committed -= committed
            elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                continue
            elif isinstance(statement, ast.If | ast.For | ast.AsyncFor | ast.While | ast.Try):
                for part in ("body", "handlers", "orelse", "finalbody"):
                    for inner in getattr(statement, part, ()):
                        yield from self._block(inner.body if isinstance(inner, ast.ExceptHandler) else [inner])
            else:
                self._bind(statement)
                for node in _calls(statement):
                    yield from self._call(node)

    def _bind(self, statement: ast.stmt) -> None:
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant):
            for target in statement.targets:
                if isinstance(target, ast.Name) and isinstance(statement.value.value, str):
                    self._names[target.id] = statement.value.value

    def _opens(self, item: ast.withitem) -> bool:
        """Notes a variable of batch operations; whether the block is one without a transaction."""
        call, variable = item.context_expr, item.optional_vars
        if not isinstance(call, ast.Call):
            return False
        method = method_of(call)[1]
        if method == "batch_alter_table" and isinstance(variable, ast.Name):
            try:
                batch = (self.keyword(call, "schema"), self.text(call, 0, "table_name"))
            except NotWritten:
                batch = ("", "")
            self._batches[variable.id] = batch
        return method == _WITHOUT_TRANSACTION

    def _call(self, node: ast.Call) -> Iterator[Call]:
        name = node.func.id if isinstance(node.func, ast.Name) else None
        if name in self.source.functions and name not in self._entered:
            yield from self._enter(name)
            return
        owner, method = method_of(node)
        yield Call(node, owner, method, self._batches.get(owner), self._committed > 0)


# What SQLAlchemy's expressions for rows are called: they name no object that is made or changed.
ROWS = frozenset({"insert", "update", "delete", "select", "values", "where", "returning"})


def argument(call: ast.Call, position: int | None, name: str) -> ast.expr | None:
    """An argument by name, else by position."""
    for keyword in call.keywords:
        if keyword.arg == name:
            return keyword.value
    if position is not None and position < len(call.args) and not isinstance(call.args[position], ast.Starred):
        return call.args[position]
    return None


def method_of(call: ast.Call) -> tuple[str, str]:
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


def source_of(text: str) -> Source | None:
    """The file, or None where it cannot be read."""
    try:
        return Source(text)
    except (NotRead, RecursionError, MemoryError, ValueError):
        return None
