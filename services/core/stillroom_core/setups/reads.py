"""Which environment variables, -x arguments and attributes a project's code reads, found without running it.

Looked at are env.py and what it imports from its own repository. Known are `os.environ` and `os.getenv`, settings
classes of pydantic, and the callables of decouple, Starlette, environs and django-environ. What code computes is
not found: this is a proposal for a person, who can add to it.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from stillroom_core.revisions.source import Tree, read_limited
from stillroom_core.revisions.syntax import NotRead, decode, parse

FILES = 400
_FILE_BYTES = 256 * 1024
_READS = 400
_DEPTH = 6  # of settings classes within settings classes
# Where a callable that reads settings comes from: module → names that make or are one.
_READERS = {
    "decouple": frozenset({"config", "AutoConfig", "Config"}),
    "starlette.config": frozenset({"Config"}),
    "environs": frozenset({"Env", "FileAwareEnv", "env"}),
    "environ": frozenset({"Env", "FileAwareEnv"}),
}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASYNC = frozenset({"create_async_engine", "async_engine_from_config", "AsyncEngine"})


@dataclass(frozen=True, kw_only=True)
class Read:
    """One variable that the code reads. `default` is its text where the code has a literal one."""

    name: str
    path: str
    line: int
    required: bool
    default: str | None = None
    annotation: str = ""


@dataclass
class Reads:
    """All that was found; the nearest to env.py first."""

    variables: list[Read] = field(default_factory=list)
    x_arguments: list[Read] = field(default_factory=list)
    attributes: list[Read] = field(default_factory=list)
    takes_ini_url: bool = False
    is_async: bool = False
    texts: list[str] = field(default_factory=list)
    """Of the files that read something, for whoever looks for a driver's name."""


@dataclass
class _Class:
    """A class that may be a settings class, with where it stands."""

    node: ast.ClassDef
    path: str
    bases: tuple[str, ...]


def find_reads(tree: Tree, env_py: Path, more_roots: tuple[Path, ...] = ()) -> Reads:
    """Reads env.py and, breadth first, the modules of the repository that it imports; never raises for content."""
    found = Reads()
    classes: dict[str, _Class] = {}
    settings: list[tuple[_Class, str]] = []
    todo, seen = [env_py], {env_py}
    roots = tuple(dict.fromkeys([*more_roots, tree.cwd, tree.cwd / "src", tree.root, tree.root / "src", env_py.parent]))
    while todo and len(seen) <= FILES:
        path = todo.pop(0)
        data = read_limited(path, _FILE_BYTES)
        if not data or len(data) > _FILE_BYTES:
            continue
        try:
            text = decode(data)
            module = parse(text)
            visitor = _Module(tree.relative(path), module)
            before = len(found.variables)
            visitor.collect(found, is_env=path == env_py)
        except (NotRead, RecursionError):
            continue
        for name, one in visitor.classes.items():
            classes.setdefault(name, one)
        settings += [(one, one.path) for one in visitor.classes.values()]
        if len(found.variables) > before or visitor.classes or path == env_py:
            found.texts.append(text)
        for place in _imported(module, path, roots):
            if place not in seen and len(seen) <= FILES and place.is_relative_to(tree.root):
                seen.add(place)
                todo.append(place)
    for one, _ in settings:
        if _is_settings(one, classes):
            found.variables += _fields(one, classes, _prefix_of(one, classes), _delimiter_of(one, classes), 0)
    found.variables = _once(found.variables)
    return found


class _Module:
    """What one module reads."""

    def __init__(self, path: str, module: ast.Module) -> None:
        self._path = path
        self._module = module
        self._constants = {
            target.id: node.value.value
            for node in module.body
            if isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        self.classes: dict[str, _Class] = {}
        self._readers: dict[str, str] = {}  # callable → prefix
        self._environ: set[str] = {"os.environ"}
        self._getenv: set[str] = {"os.getenv", "os.environ.get"}
        self._x: set[str] = set()

    def collect(self, found: Reads, *, is_env: bool) -> None:
        nodes = list(ast.walk(self._module))
        for node in nodes:
            self._learn(node)
        for node in nodes:
            if read := self._variable(node):
                found.variables.append(read)
            if not is_env:
                continue
            if read := self._x_argument(node):
                found.x_arguments.append(read)
            if read := self._attribute(node):
                found.attributes.append(read)
            match node:
                case ast.Call(
                    func=ast.Attribute(attr="get_main_option"), args=[ast.Constant(value="sqlalchemy.url"), *_]
                ):
                    found.takes_ini_url = True
                case ast.Call(func=ast.Attribute(attr="get_section"), args=[_, *_]):
                    found.takes_ini_url = True
                case ast.Name(id=name) | ast.Attribute(attr=name) if name in _ASYNC:
                    found.is_async = True
                case _:
                    pass

    def _learn(self, node: ast.AST) -> None:
        match node:
            case ast.ImportFrom(module="os", names=names):
                for alias in names:
                    if alias.name == "environ":
                        self._environ.add(alias.asname or alias.name)
                        self._getenv.add(f"{alias.asname or alias.name}.get")
                    elif alias.name == "getenv":
                        self._getenv.add(alias.asname or alias.name)
            case ast.Import(names=names):
                for alias in names:
                    if alias.name == "os" and alias.asname:
                        self._environ.add(f"{alias.asname}.environ")
                        self._getenv |= {f"{alias.asname}.getenv", f"{alias.asname}.environ.get"}
            case ast.ImportFrom(module=str(module), names=names) if module in _READERS:
                for alias in names:
                    if alias.name in _READERS[module]:
                        self._readers[alias.asname or alias.name] = ""
            case ast.ClassDef(name=name, bases=bases):
                self.classes[name] = _Class(node, self._path, tuple(_dotted(base).rpartition(".")[2] for base in bases))
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=maker) as call):
                made = _dotted(maker)
                if made in self._readers or made in ("environ.Env", "environs.Env", "decouple.AutoConfig"):
                    self._readers[name] = _keyword_text(call, "env_prefix") or ""
                elif made.endswith("get_x_argument"):
                    self._x.add(name)
            case _:
                pass

    def _variable(self, node: ast.AST) -> Read | None:
        read = self._any_variable(node)
        return read if read and _VARIABLE.fullmatch(read.name) else None

    def _any_variable(self, node: ast.AST) -> Read | None:
        match node:
            case ast.Subscript(value=holder, slice=key, ctx=ast.Load()) if _dotted(holder) in self._environ:
                return self._read(key, node.lineno, required=True)
            case ast.BoolOp(op=ast.Or(), values=[ast.Call() as call, *_, ast.Constant(value=str(default))]):
                read = self._variable(call)
                return replace(read, default=default, required=False) if read else None
            case ast.Call(func=function, args=[key, *rest]):
                name = _dotted(function)
                if name in self._getenv:
                    fallback = rest[0] if rest else _keyword(node, "default")
                    return self._read(key, node.lineno, default=fallback, required=False)
                reader = name if name in self._readers else name.rpartition(".")[0]
                if reader in self._readers and _is_reading(name, reader):
                    fallback = _keyword(node, "default")
                    read = self._read(key, node.lineno, default=fallback, required=fallback is None)
                    return replace(read, name=self._readers[reader] + read.name) if read else None
            case _:
                pass
        return None

    def _x_argument(self, node: ast.AST) -> Read | None:
        match node:
            case ast.Subscript(value=holder, slice=key) if self._is_x(holder):
                return self._read(key, node.lineno, required=True)
            case ast.Call(func=ast.Attribute(value=holder, attr="get"), args=[key, *rest]) if self._is_x(holder):
                return self._read(key, node.lineno, default=rest[0] if rest else None, required=False)
            case _:
                return None

    def _is_x(self, holder: ast.expr) -> bool:
        if isinstance(holder, ast.Call):
            return _dotted(holder.func).endswith("get_x_argument")
        return isinstance(holder, ast.Name) and holder.id in self._x

    def _attribute(self, node: ast.AST) -> Read | None:
        match node:
            case ast.Subscript(value=ast.Attribute(attr="attributes"), slice=key, ctx=ast.Load()):
                return self._read(key, node.lineno, required=True)
            case ast.Call(func=ast.Attribute(value=ast.Attribute(attr="attributes"), attr="get"), args=[key, *_]):
                return self._read(key, node.lineno, required=False)
            case _:
                return None

    def _read(self, key: ast.expr, line: int, *, required: bool, default: ast.expr | None = None) -> Read | None:
        name = self._text(key)
        if name is None or not name or len(name) > 200 or not name.isprintable():
            return None
        text = self._text(default) if default is not None else None
        if isinstance(default, ast.Constant) and isinstance(default.value, int | float):
            text = str(default.value)
        return Read(name=name, path=self._path, line=line, required=required, default=text)

    def _text(self, node: ast.expr) -> str | None:
        match node:
            case ast.Constant(value=str(text)):
                return text
            case ast.Name(id=name):
                return self._constants.get(name)
            case _:
                return None


def _is_reading(name: str, reader: str) -> bool:
    """`config("X")` and `env.str("X")` read; `env.read_env("file")` and `env.prefixed("P_")` do not."""
    return name == reader or not name.rpartition(".")[2].startswith(("read_", "prefixed", "add_", "seal", "dump"))


def _is_settings(one: _Class, classes: dict[str, _Class]) -> bool:
    todo, seen = list(one.bases), set[str]()
    while todo:
        base = todo.pop()
        if base == "BaseSettings":
            return True
        if base in classes and base not in seen:
            seen.add(base)
            todo += classes[base].bases
    return False


def _fields(one: _Class, classes: dict[str, _Class], prefix: str, delimiter: str | None, depth: int) -> Iterator[Read]:
    """The variables of a settings class, its bases' before its own, nested ones by the delimiter."""
    if depth > _DEPTH:
        return
    for base in one.bases:
        if base in classes and classes[base] is not one:
            yield from _fields(classes[base], classes, prefix, delimiter, depth + 1)
    for node in one.node.body:
        if not isinstance(node, ast.AnnAssign) or not isinstance(node.target, ast.Name):
            continue
        name, annotation = node.target.id, ast.unparse(node.annotation)
        if name.startswith("_") or name == "model_config" or annotation.startswith(("ClassVar", "typing.ClassVar")):
            continue
        inner = classes.get(annotation.split("|")[0].strip().removeprefix("Optional[").rstrip("]"))
        if inner is not None and inner is not one:
            if _is_settings(inner, classes):
                continue  # read on its own, with a prefix of its own
            if delimiter:
                yield from _fields(inner, classes, f"{prefix}{name}{delimiter}", delimiter, depth + 1)
            continue
        required, default, aliases = _default_of(node.value)
        for alias in aliases or [f"{prefix}{name}"]:
            yield Read(
                name=alias.upper(),
                path=one.path,
                line=node.lineno,
                required=required,
                default=default,
                annotation=annotation[:200],
            )


def _default_of(value: ast.expr | None) -> tuple[bool, str | None, list[str]]:
    """Whether a field must be given, its literal default, and the names that stand for its own."""
    match value:
        case None:
            return True, None, []
        case ast.Constant(value=given):
            return given is ..., None if given in (None, ...) else str(given), []
        case ast.Call(func=function, args=arguments) if _dotted(function).rpartition(".")[2] == "Field":
            default = arguments[0] if arguments else _keyword(value, "default")
            required, text, _ = _default_of(default)
            if _keyword(value, "default_factory") is not None:
                required = False
            aliases = [name for word in ("validation_alias", "alias", "env") for name in _names(_keyword(value, word))]
            return required, text, aliases[:1]
        case _:
            return False, None, []


def _names(node: ast.expr | None) -> list[str]:
    match node:
        case ast.Constant(value=str(name)):
            return [name]
        case ast.Call(args=arguments):  # AliasChoices("A", "B")
            return [name for argument in arguments for name in _names(argument)]
        case ast.List(elts=elements) | ast.Tuple(elts=elements):
            return [name for element in elements for name in _names(element)]
        case _:
            return []


def _prefix_of(one: _Class, classes: dict[str, _Class]) -> str:
    return _configured(one, classes, "env_prefix") or ""


def _delimiter_of(one: _Class, classes: dict[str, _Class]) -> str | None:
    return _configured(one, classes, "env_nested_delimiter")


def _configured(one: _Class, classes: dict[str, _Class], option: str, depth: int = 0) -> str | None:
    """An option of pydantic's settings: in model_config, in an inner class Config, or inherited."""
    for node in one.node.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="model_config")], value=ast.Call() as call):
                if (text := _keyword_text(call, option)) is not None:
                    return text
            case ast.Assign(targets=[ast.Name(id="model_config")], value=ast.Dict(keys=keys, values=values)):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value == option and isinstance(value, ast.Constant):
                        return str(value.value)
            case ast.ClassDef(name="Config", body=body):
                for inner in body:
                    match inner:
                        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(text))) if (
                            name == option
                        ):
                            return text
                        case _:
                            pass
            case _:
                pass
    for base in one.bases:
        if base in classes and depth < _DEPTH and (text := _configured(classes[base], classes, option, depth + 1)):
            return text
    return None


def _imported(module: ast.Module, path: Path, roots: tuple[Path, ...]) -> Iterator[Path]:
    """The files of the repository that a module's imports lead to, packages' own files included."""
    for node in ast.walk(module):
        match node:
            case ast.Import(names=names):
                for alias in names:
                    yield from _places(roots, alias.name.split("."))
            case ast.ImportFrom(module=name, names=names, level=level):
                words = name.split(".") if name else []
                places = roots if level == 0 else (path.parents[min(level, len(path.parents)) - 1],)
                yield from _places(places, words)
                for alias in names:
                    yield from _places(places, [*words, alias.name])
            case _:
                pass


def _places(roots: tuple[Path, ...], words: list[str]) -> Iterator[Path]:
    if not words or len(words) > 20 or any(not word.isidentifier() for word in words):
        return
    for root in roots:
        if not (root / words[0]).is_dir() and not (root / f"{words[0]}.py").is_file():
            continue
        for end in range(1, len(words) + 1):
            folder = root.joinpath(*words[:end])
            for place in (folder / "__init__.py", folder.with_name(f"{folder.name}.py")):
                if place.is_file() and not place.is_symlink():
                    yield place
        return


def _once(reads: list[Read]) -> list[Read]:
    """Each name once: the first place, required where any is, with the first default that there is."""
    kept: dict[str, Read] = {}
    for read in reads[: _READS * 4]:
        before = kept.get(read.name)
        if before is None:
            kept[read.name] = read
        else:
            kept[read.name] = replace(
                before,
                required=before.required or read.required,
                default=before.default if before.default is not None else read.default,
                annotation=before.annotation or read.annotation,
            )
    return list(kept.values())[:_READS]


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((keyword.value for keyword in call.keywords if keyword.arg == name), None)


def _keyword_text(call: ast.Call, name: str) -> str | None:
    value = _keyword(call, name)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None


def _dotted(node: ast.expr) -> str:
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(parts)])
