"""Signs that a project's code, not its configuration, decides where revisions lie."""

import ast
import re
from pathlib import Path

from stillroom_core.revisions.locations import Locations, walk_folders
from stillroom_core.revisions.settings import Settings
from stillroom_core.revisions.source import Note, Tree, read_limited
from stillroom_core.revisions.syntax import NotRead, decode, parse

_FOLDERS = 2_000
_FILES = 5_000
_FILE_BYTES = 256 * 1024
_SETTERS = frozenset({"set_main_option", "set_section_option", "set_alembic_option"})
_ANYWHERE = re.compile(rb"script_location|version_locations")


def settings_in_code(tree: Tree, settings: Settings, locations: Locations) -> list[Note]:
    """One note for each file that sets version_locations (or, where unconfigured, script_location).

    Looked at are env.py and the code of the package around it; revisions themselves are passed over.
    """
    # The package around the scripts is where a product's own command builds its Config.
    package = locations.script.parent if locations.script else None
    top = package or (settings.ini.parent if settings.ini else tree.cwd)
    wanted = {"version_locations", "recursive_version_locations"}
    if settings.script_location is None and not (locations.script and settings.ini):
        wanted.add("script_location")
    notes: list[Note] = []
    files = 0
    for folder, entries in walk_folders(top, _FOLDERS):
        if folder in locations.versions:
            continue
        for entry in entries:
            if not entry.name.endswith(".py") or not entry.is_file(follow_symlinks=False):
                continue
            files += 1
            if files > _FILES:
                return notes
            line = _line_that_sets(folder / entry.name, wanted)
            if line is not None:
                path = tree.relative(folder / entry.name)
                detail = f"line {line[1]}: this code sets {line[0]} itself"
                notes.append(Note(code="locations_set_in_code", detail=detail, path=path))
    return notes


def _line_that_sets(path: Path, wanted: set[str]) -> tuple[str, int] | None:
    data = read_limited(path, _FILE_BYTES)
    if not data or len(data) > _FILE_BYTES or not _ANYWHERE.search(data):
        return None
    try:
        tree = parse(decode(data))
        for node in ast.walk(tree):
            name = _set_by(node)
            if name in wanted:
                return name, getattr(node, "lineno", 0)
    except (NotRead, RecursionError):
        return _line_in_text(data, wanted)
    return None


def _set_by(node: ast.AST) -> str | None:
    """The option that a node sets: by a Config's setter, as an attribute, as ScriptDirectory's argument."""
    match node:
        case ast.Call(func=ast.Attribute(attr=setter), args=arguments) if setter in _SETTERS:
            for argument in arguments[:2]:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    name = argument.value
                    if name.endswith(("_location", "_locations")):
                        return name
        case ast.Call(func=ast.Name(id="ScriptDirectory") | ast.Attribute(attr="ScriptDirectory"), keywords=keywords):
            if any(keyword.arg == "version_locations" for keyword in keywords):
                return "version_locations"
        case ast.Assign(targets=[ast.Attribute(attr="version_locations" as name)]):
            return name
        case _:
            pass
    return None


def _line_in_text(data: bytes, wanted: set[str]) -> tuple[str, int] | None:
    """The same for code that this interpreter cannot parse: a setter and an option's name in one line."""
    for number, line in enumerate(data.decode(errors="replace").splitlines(), start=1):
        for name in sorted(wanted):
            if name in line and any(setter in line for setter in _SETTERS):
                return name, number
    return None
