"""The careful way to read a revision file: its syntax tree, with an account of every name that is bound."""

import ast
import codecs
import io
import re
import tokenize
from typing import Any

from stillroom_core.revisions.header import NAMES

_BRACKET = re.compile(r"[()\[\]{}]")
_DEPTH = 100
# Encodings whose decoders are table look-ups; Python has others that are slow or that are not text at all.
_ENCODINGS = re.compile(
    r"utf-?8(-sig)?|ascii|us-ascii|iso-?8859-\d+|latin-?1|cp\d+|koi8-[rtu]|gb2312|gbk|gb18030|big5|euc[-_]\w+|shift_jis"
)


class NotRead(Exception):
    """A file that cannot be read without running it; `code` says why."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Computed:
    """Stands for a value that only running the file would tell."""

    def __init__(self, line: int) -> None:
        self.line = line


def decode(data: bytes) -> str:
    """The text of a source file by the rules of Python (PEP 263). Raises NotRead."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        if not _ENCODINGS.fullmatch(encoding.lower()):
            raise NotRead("encoding", f"the encoding '{encoding[:40]}' is not read here")
        text = codecs.decode(data, encoding)
    except (SyntaxError, LookupError, UnicodeError) as error:
        raise NotRead("encoding", f"its bytes are not the text that they should be: {str(error)[:200]}") from error
    if "\0" in text:
        raise NotRead("null_byte", "it contains a null byte")
    return text


def parse(text: str) -> ast.Module:
    """The syntax tree. Raises NotRead for a syntax error and for too deep nesting."""
    depth = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] in "([{" else -1
        if depth > _DEPTH:
            raise NotRead("too_deep", f"its brackets nest more than {_DEPTH} deep")
    try:
        return ast.parse(text)
    except SyntaxError as error:
        raise NotRead("syntax_error", f"line {error.lineno}: {str(error.msg)[:200]}") from error
    except (RecursionError, MemoryError) as error:
        raise NotRead("too_deep", "its expressions nest too deeply") from error
    except ValueError as error:
        raise NotRead("syntax_error", str(error)[:200]) from error


def read_names(text: str) -> tuple[dict[str, Any], str | None]:
    """The values of the four names (literal or Computed; absent ones are missing) and the docstring.

    Raises NotRead when there is no syntax tree.
    """
    tree = parse(text)
    reading = _Names()
    try:
        for statement in tree.body:
            reading.statement(statement)
    except RecursionError as error:
        raise NotRead("too_deep", "its expressions nest too deeply") from error
    found = {name: reading.values[name] for name in NAMES if name in reading.values}
    doc = reading.values.get("__doc__", ast.get_docstring(tree, clean=False))
    return found, doc if isinstance(doc, str) else None


class _Names:
    """The module's names while its statements are gone through in order."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def statement(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=targets, value=value):
                known = self._value(value)
                for target in targets:
                    self._bind(target, known)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                self._bind(target, self._value(value))
            case ast.AnnAssign():
                return
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                # What a function's body binds is its own, whatever the names.
                self.values[name] = Computed(node.lineno)
                return
            case ast.Delete(targets=targets):
                for target in targets:
                    if isinstance(target, ast.Name):
                        self.values.pop(target.id, None)
            case ast.Expr(value=ast.Constant()):
                return
            case _:
                self._bind_all_within(node)
                return
        self._bind_all_within(node, expressions_only=True)

    def _bind(self, target: ast.expr, value: Any) -> None:
        match target:
            case ast.Name(id=name):
                self.values[name] = value
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                known = isinstance(value, tuple | list) and len(value) == len(parts)
                for index, part in enumerate(parts):
                    self._bind(part, value[index] if known else Computed(target.lineno))
            case ast.Starred(value=inner):
                self._bind(inner, Computed(target.lineno))
            case _:
                return  # an attribute or an item binds no name

    def _bind_all_within(self, node: ast.stmt, *, expressions_only: bool = False) -> None:
        """Whatever a statement binds in any of its parts is computed, as far as we can tell."""
        todo: list[ast.AST] = [node]
        while todo:
            part = todo.pop()
            match part:
                case ast.Name(id=name, ctx=ast.Store() | ast.Del()) if not expressions_only:
                    self.values[name] = Computed(node.lineno)
                case ast.NamedExpr(target=ast.Name(id=name)):
                    self.values[name] = Computed(node.lineno)
                case ast.Name(id="globals" | "locals"):
                    self._anything(node)
                case ast.alias(name="*"):
                    self._anything(node)
                case ast.alias(name=name, asname=asname):
                    self.values[asname or name.partition(".")[0]] = Computed(node.lineno)
                case ast.ExceptHandler(name=str(name)):
                    self.values[name] = Computed(node.lineno)
                case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                    self.values[name] = Computed(node.lineno)
                case ast.MatchMapping(rest=str(name)):
                    self.values[name] = Computed(node.lineno)
                case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                    self.values[name] = Computed(node.lineno)
                    continue
                case ast.Lambda():
                    continue
                case _:
                    pass
            todo.extend(ast.iter_child_nodes(part))

    def _anything(self, node: ast.stmt) -> None:
        for name in NAMES:
            self.values[name] = Computed(node.lineno)

    def _value(self, node: ast.expr) -> Any:
        """A literal's value, also by way of names that are bound to literals."""
        match node:
            case ast.Constant(value=value):
                return value
            case ast.Name(id=name):
                return self.values.get(name, Computed(node.lineno))
            case ast.Tuple(elts=elements) | ast.List(elts=elements):
                values = [self._value(element) for element in elements]
                return Computed(node.lineno) if any(isinstance(v, Computed) for v in values) else tuple(values)
            case ast.Set(elts=elements):
                values = sorted({v for e in elements if isinstance(v := self._value(e), str)})
                return tuple(values) if len(values) == len(elements) else Computed(node.lineno)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                first, second = self._value(left), self._value(right)
                if isinstance(first, str) and isinstance(second, str):
                    return first + second if len(first) + len(second) < 4096 else Computed(node.lineno)
                if isinstance(first, tuple) and isinstance(second, tuple) and len(first) + len(second) < 4096:
                    return first + second
                return Computed(node.lineno)
            case ast.JoinedStr(values=parts) if all(isinstance(part, ast.Constant) for part in parts):
                return "".join(str(part.value) for part in parts if isinstance(part, ast.Constant))
            case _:
                return Computed(node.lineno)


def function_lines(text: str) -> dict[str, tuple[int, int]]:
    """First and last line (from 1, decorators included) of each top-level function. Raises NotRead."""
    lines = {}
    for node in parse(text).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            lines[node.name] = (first, node.end_lineno or node.lineno)
    return lines
