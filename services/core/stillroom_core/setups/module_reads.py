"""What one module reads: the environment, -x arguments, attributes, through whichever names it gave to them."""

import ast
import re
from dataclasses import replace

from stillroom_core.setups.expressions import dotted, keyword, keyword_text
from stillroom_core.setups.reads import Read, Reads
from stillroom_core.setups.settings_classes import SettingsClass

# Where a callable that reads settings comes from: module → names that make or are one.
_READERS = {
    "decouple": frozenset({"config", "AutoConfig", "Config"}),
    "starlette.config": frozenset({"Config"}),
    "environs": frozenset({"Env", "FileAwareEnv", "env"}),
    "environ": frozenset({"Env", "FileAwareEnv"}),
}
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ASYNC = frozenset({"create_async_engine", "async_engine_from_config", "AsyncEngine"})


class ModuleReads:
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
        self.classes: dict[str, SettingsClass] = {}
        self._readers: dict[str, str] = {}  # callable → prefix
        self._environ: set[str] = {"os.environ"}
        self._getenv: set[str] = {"os.getenv", "os.environ.get"}
        self._x: set[str] = set()

    def collect(self, found: Reads, *, is_env: bool) -> None:
        """Adds what it reads; -x arguments, attributes and the rest of Alembic's in env.py alone."""
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
                self.classes[name] = SettingsClass(
                    node, self._path, tuple(dotted(base).rpartition(".")[2] for base in bases)
                )
            case ast.Assign(targets=[ast.Name(id=name)], value=ast.Call(func=maker) as call):
                made = dotted(maker)
                if made in self._readers or made in ("environ.Env", "environs.Env", "decouple.AutoConfig"):
                    self._readers[name] = keyword_text(call, "env_prefix") or ""
                elif made.endswith("get_x_argument"):
                    self._x.add(name)
            case _:
                pass

    def _variable(self, node: ast.AST) -> Read | None:
        read = self._any_variable(node)
        return read if read and _VARIABLE.fullmatch(read.name) else None

    def _any_variable(self, node: ast.AST) -> Read | None:
        match node:
            case ast.Subscript(value=holder, slice=key, ctx=ast.Load()) if dotted(holder) in self._environ:
                return self._read(key, node.lineno, required=True)
            case ast.BoolOp(op=ast.Or(), values=[ast.Call() as call, *_, ast.Constant(value=str(default))]):
                read = self._variable(call)
                return replace(read, default=default, required=False) if read else None
            case ast.Call(func=function, args=[key, *rest]):
                name = dotted(function)
                if name in self._getenv:
                    fallback = rest[0] if rest else keyword(node, "default")
                    return self._read(key, node.lineno, default=fallback, required=False)
                reader = name if name in self._readers else name.rpartition(".")[0]
                if reader in self._readers and _is_reading(name, reader):
                    fallback = keyword(node, "default")
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
            return dotted(holder.func).endswith("get_x_argument")
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
