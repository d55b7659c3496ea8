"""Settings classes of pydantic: which variables fill them, by prefix, alias and nesting."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from stillroom_core.setups.expressions import dotted, keyword, keyword_text
from stillroom_core.setups.reads import Read

_DEPTH = 6  # of settings classes within settings classes


@dataclass
class SettingsClass:
    """A class that may be a settings class, with where it stands."""

    node: ast.ClassDef
    path: str
    bases: tuple[str, ...]


def is_settings(one: SettingsClass, classes: dict[str, SettingsClass]) -> bool:
    """Whether it comes from pydantic's BaseSettings, through other classes perhaps."""
    todo, seen = list(one.bases), set[str]()
    while todo:
        base = todo.pop()
        if base == "BaseSettings":
            return True
        if base in classes and base not in seen:
            seen.add(base)
            todo += classes[base].bases
    return False


def settings_of(one: SettingsClass, classes: dict[str, SettingsClass]) -> Iterator[Read]:
    """The variables that fill a settings class."""
    return _fields(one, classes, _prefix_of(one, classes), _delimiter_of(one, classes), 0)


def _fields(
    one: SettingsClass, classes: dict[str, SettingsClass], prefix: str, delimiter: str | None, depth: int
) -> Iterator[Read]:
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
            if is_settings(inner, classes):
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
        case ast.Call(func=function, args=arguments) if dotted(function).rpartition(".")[2] == "Field":
            default = arguments[0] if arguments else keyword(value, "default")
            required, text, _ = _default_of(default)
            if keyword(value, "default_factory") is not None:
                required = False
            aliases = [name for word in ("validation_alias", "alias", "env") for name in _names(keyword(value, word))]
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


def _prefix_of(one: SettingsClass, classes: dict[str, SettingsClass]) -> str:
    return _configured(one, classes, "env_prefix") or ""


def _delimiter_of(one: SettingsClass, classes: dict[str, SettingsClass]) -> str | None:
    return _configured(one, classes, "env_nested_delimiter")


def _configured(one: SettingsClass, classes: dict[str, SettingsClass], option: str, depth: int = 0) -> str | None:
    """An option of pydantic's settings: in model_config, in an inner class Config, or inherited."""
    for node in one.node.body:
        match node:
            case ast.Assign(targets=[ast.Name(id="model_config")], value=ast.Call() as call):
                if (text := keyword_text(call, option)) is not None:
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
