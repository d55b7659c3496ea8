"""What alembic.ini and pyproject.toml say about where revisions lie, read as Alembic reads them."""

import configparser
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stillroom_core.revisions.source import OutsideExport, Source, Tree, read_limited

CONFIG_BYTES = 1024 * 1024
_VALUE_CHARACTERS = 16 * 1024
_SEPARATORS = {"space": " ", "newline": "\n", "os": os.pathsep, ":": ":", ";": ";"}
_LEGACY_SEPARATOR = re.compile(r", *|(?: +)")
_PLACEHOLDER = re.compile(r"%(?:(%)|\(([^)]+)\)s)?")


class Unreadable(Exception):
    """A configuration file that Alembic would refuse too, with the reason as its text."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """The few settings that decide which files are revisions, and whether writing one runs env.py."""

    script_location: str | None
    version_locations: tuple[str, ...] | None
    recursive: bool
    sourceless: bool
    revision_environment: bool
    ini: Path | None
    """The ini file that was read, if there is one."""


def read_settings(source: Source, tree: Tree) -> Settings:
    """Read both files; the ini wins over pyproject.toml, overrides win over both. Raises Unreadable."""
    ini_path, toml_path = _config_paths(source, tree)
    here = (ini_path.parent if ini_path else tree.cwd).as_posix()
    ini = _Ini(source, ini_path, here)
    table = _read_toml(toml_path) if toml_path else {}
    toml_here = {"here": toml_path.parent.as_posix() if toml_path else here}
    script_location = ini.get("script_location")
    if script_location is None:
        script_location = _toml_text(table, "script_location", toml_here)
    return Settings(
        script_location=script_location,
        version_locations=_version_locations(ini, table, toml_here),
        recursive=_boolean(ini, table, "recursive_version_locations"),
        sourceless=_boolean(ini, table, "sourceless"),
        revision_environment=_boolean(ini, table, "revision_environment"),
        ini=ini_path,
    )


def parse_ini(text: str, here: str) -> configparser.RawConfigParser:
    """The parsed text without interpolation, `here` as a default. Raises Unreadable."""
    parser = configparser.RawConfigParser({"here": here})
    try:
        parser.read_string(text)
    except configparser.Error as error:
        raise Unreadable(" ".join(str(error).split())[:500]) from error
    return parser


def interpolate(value: str, values: Mapping[str, str], name: str) -> str:
    """Replace %(name)s and %% as ConfigParser does, but with a bound on the work. Raises Unreadable.

    ConfigParser itself bounds only the depth: ten levels of a hundred references are 100**10 of them.
    """
    budget = [1000]

    def expand(text: str, depth: int) -> str:
        if depth > configparser.MAX_INTERPOLATION_DEPTH:
            raise Unreadable(f"the option '{name}' refers to itself or nests too deeply")

        def replace(match: re.Match[str]) -> str:
            budget[0] -= 1
            if budget[0] < 0:
                raise Unreadable(f"the option '{name}' has too many references")
            if match[1]:
                return "%"
            if match[2] is None:
                raise Unreadable(f"the option '{name}' has a '%' that is followed by neither '%' nor '(name)s'")
            key = match[2].lower()
            if key not in values:
                raise Unreadable(f"the option '{name}' refers to '{match[2]}', which is not set")
            inner = values[key]
            # `here` is the folder of the file as we found it, never a template.
            return inner if key == "here" or "%" not in inner else expand(inner, depth + 1)

        result = _PLACEHOLDER.sub(replace, text)
        if len(result) > _VALUE_CHARACTERS:
            raise Unreadable(f"the option '{name}' is too long")
        return result

    return expand(value, 1)


class _Ini:
    """One section of an ini file, with interpolation and overrides."""

    def __init__(self, source: Source, path: Path | None, here: str) -> None:
        self._overrides = {}
        for name, value in source.ini_overrides.items():
            section, _, option = name.rpartition(":")
            if (section or source.section) == source.section:
                self._overrides[option.lower()] = value
        text = source.ini_text or ""
        if path is not None:
            text = _text(path)
        parser = parse_ini(text, here)
        if parser.has_section(source.section):
            self._values = {key: value for key, value in parser.items(source.section) if value is not None}
        else:
            # An absent section has not even the defaults, until an override makes it.
            self._values = dict(parser.defaults()) if self._overrides else {"here": here}

    def get(self, name: str) -> str | None:
        if name in self._overrides:
            return self._overrides[name]
        if name not in self._values:
            return None
        return interpolate(self._values[name], self._values, name)


def _config_paths(source: Source, tree: Tree) -> tuple[Path | None, Path | None]:
    """The ini and the toml file, chosen as the runner does; pyproject.toml may accompany an ini."""
    ini: str | None = "alembic.ini"
    toml = "pyproject.toml"
    named = source.config_file
    if named and named.endswith(".toml"):
        ini, toml = None, named
    elif named:
        ini = named
    elif "script_location" in source.ini_overrides:
        ini = None  # whoever overrides the one thing that it must say needs no file
    if source.ini_text is not None:
        ini = None
    try:
        if named and not tree.inside(named).is_file():
            raise Unreadable(f"there is no file '{named}' in '{source.subdirectory or '.'}'")
        return _file(tree, ini), _file(tree, toml)
    except OutsideExport as error:
        raise Unreadable(f"the config file '{error}' lies outside the repository") from error


def _file(tree: Tree, name: str | None) -> Path | None:
    path = tree.inside(name) if name else None
    return path if path and path.is_file() else None


def _text(path: Path) -> str:
    data = read_limited(path, CONFIG_BYTES)
    if data is None:
        raise Unreadable(f"'{path.name}' cannot be opened")
    if len(data) > CONFIG_BYTES:
        raise Unreadable(f"'{path.name}' is larger than {CONFIG_BYTES} bytes")
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise Unreadable(f"'{path.name}' is not UTF-8 text") from error


def _read_toml(path: Path) -> Mapping[str, Any]:
    try:
        tool = tomllib.loads(_text(path)).get("tool", {})
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise Unreadable(f"'{path.name}': {str(error)[:300]}") from error
    table = tool.get("alembic", {}) if isinstance(tool, dict) else {}
    if not isinstance(table, dict):
        raise Unreadable(f"[tool.alembic] of '{path.name}' is not a table")
    return table


def _toml_text(table: Mapping[str, Any], name: str, here: Mapping[str, str]) -> str | None:
    value = table.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise Unreadable(f"'{name}' of [tool.alembic] is not a string")
    return interpolate(value, here, name)


def _boolean(ini: _Ini, table: Mapping[str, Any], name: str) -> bool:
    value = ini.get(name)
    if value is not None:
        return value == "true"  # Alembic knows this one spelling
    setting = table.get(name, False)
    if not isinstance(setting, bool):
        raise Unreadable(f"'{name}' of [tool.alembic] is neither true nor false")
    return setting


def _version_locations(ini: _Ini, table: Mapping[str, Any], here: Mapping[str, str]) -> tuple[str, ...] | None:
    text = ini.get("version_locations")
    if text:
        separator = _separator(ini)
        if separator is None:
            return tuple(_LEGACY_SEPARATOR.split(text))
        return tuple(part.strip() for part in text.split(separator) if part)
    places = table.get("version_locations")
    if not places:
        return None
    if not isinstance(places, list) or not all(isinstance(place, str) for place in places):
        raise Unreadable("'version_locations' of [tool.alembic] is not a list of strings")
    return tuple(interpolate(place, here, "version_locations") for place in places)


def _separator(ini: _Ini) -> str | None:
    for name in ("path_separator", "version_path_separator"):
        value = ini.get(name)
        if value is not None:
            if value not in _SEPARATORS:
                raise Unreadable(f"'{value}' is no value for {name}; expected 'space', 'newline', 'os', ':' or ';'")
            return _SEPARATORS[value]
    return None
