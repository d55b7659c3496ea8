"""Which of the worker's interpreters a project gets."""

from __future__ import annotations

import ast
import configparser
import re
from dataclasses import dataclass
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from stillroom_worker.virtualenv.constraints import Alternatives, allows, alternatives
from stillroom_worker.virtualenv.documents import read_text, read_toml, table
from stillroom_worker.virtualenv.failure import VirtualenvFailed
from stillroom_worker.virtualenv.interpreters import Interpreter
from stillroom_worker.virtualenv.model import Source
from stillroom_worker.virtualenv.wheels import missing_wheels


@dataclass(frozen=True)
class _Demand:
    text: str
    origin: str
    constraint: Alternatives


def candidates(
    present: list[Interpreter], source: Source, folders: list[Path], setting: str | None
) -> tuple[list[Interpreter], list[str]]:
    """Order the interpreters that fit the project, best first, with notes for people.

    A setting of the project is final; otherwise every requires-python holds, `.python-version` is a wish,
    and interpreters for which the lock lists wheels go before those that would have to build.
    Raises VirtualenvFailed(no_python), naming what was asked and what is there.
    """
    own = [_Demand(setting, "the project's settings", _setting(setting))] if setting else []
    demands = own or _demands(source, folders)
    fitting = [one for one in present if all(allows(d.constraint, one.version) for d in demands)]
    if not fitting:
        raise _none_fits(present, demands)
    if setting:
        return fitting, []
    return _prefer(fitting, source, folders)


def _prefer(fitting: list[Interpreter], source: Source, folders: list[Path]) -> tuple[list[Interpreter], list[str]]:
    if wish := _python_version_file(folders):
        wished = [one for one in fitting if one.minor == wish]
        if wished:
            return wished, []
        note = f".python-version asks for Python {wish}, which this worker has not got; "
        return fitting, [f"{note}Python {fitting[0].version} also fits the project."]
    if source.path is None:
        return fitting, []
    text = read_text(source.path)
    gaps = {one.minor: missing_wheels(text, Version(one.version)) for one in fitting}
    return sorted(fitting, key=lambda one: gaps[one.minor]), []


def _setting(text: str) -> Alternatives:
    text = re.sub(r"^(?:c?python)?-?", "", text.strip().lower())
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return (SpecifierSet(f"=={text}.*"),)
    if re.fullmatch(r"\d+\.\d+\.\d+", text):
        return (SpecifierSet(f"=={text}"),)
    try:
        return (SpecifierSet(text),)
    except InvalidSpecifier:
        raise VirtualenvFailed(
            "no_python",
            "The project's Python version cannot be read",
            f"{text[:100]!r} is neither a version nor a range.",
            "Write for example 3.12, or >=3.11,<3.13.",
        ) from None


def _demands(source: Source, folders: list[Path]) -> list[_Demand]:
    found: list[tuple[str, str]] = []
    for folder in folders if source.project is None else [source.project]:
        found += _of_folder(folder)
    if source.path is not None and source.kind in ("uv.lock", "poetry.lock", "pdm.lock"):
        lock = read_toml(source.path)
        told = (
            lock.get("requires-python")
            or table(lock, "metadata").get("python-versions")
            or table(lock, "metadata").get("requires_python")
        )
        if isinstance(told, str):
            found.append((told, source.label))
    return [_Demand(text, origin, alternatives(text)) for text, origin in found]


def _of_folder(folder: Path) -> list[tuple[str, str]]:
    found: list[tuple[str, object]] = []
    if (folder / "pyproject.toml").is_file():
        data = read_toml(folder / "pyproject.toml")
        found.append(("pyproject.toml", table(data, "project").get("requires-python")))
        found.append(("pyproject.toml", table(data, "tool", "poetry", "dependencies").get("python")))
    if (folder / "setup.cfg").is_file():
        config = configparser.ConfigParser(interpolation=None, strict=False)
        try:
            config.read_string(read_text(folder / "setup.cfg"))
            found.append(("setup.cfg", config.get("options", "python_requires", fallback=None)))
        except configparser.Error:
            pass
    if (folder / "setup.py").is_file():
        found.append(("setup.py", _keyword(read_text(folder / "setup.py"), "python_requires")))
    return [(text, origin) for origin, text in found if isinstance(text, str)]


def _keyword(code: str, name: str) -> object:
    """Read a literal keyword argument out of a setup.py without running it."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == name and isinstance(node.value, ast.Constant):
            return node.value.value
    return None


def _python_version_file(folders: list[Path]) -> str | None:
    for folder in folders:
        path = folder / ".python-version"
        if path.is_file():
            lines = [line.strip() for line in read_text(path).splitlines()]
            named = next((line for line in lines if line and not line.startswith("#")), "")
            match = re.fullmatch(r"(?:cpython-|python-?)?(3\.\d+)(?:\.\d+)?", named)
            return match[1] if match else None
    return None


def _none_fits(present: list[Interpreter], demands: list[_Demand]) -> VirtualenvFailed:
    asked = " and ".join(dict.fromkeys(f"{d.text} ({d.origin})" for d in demands)) or "any Python 3.8 or newer"
    versions = sorted({one.version for one in present}, key=Version)
    return VirtualenvFailed(
        "no_python",
        "No Python of this worker fits the project",
        f"Asked for: {asked}. This worker has: {', '.join(versions) or 'none'}.",
        "Install that Python on the worker, or set another version for the project.",
    )
