"""The folders that hold a project's revisions, found inside the export."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from stillroom_core.revisions.settings import Settings
from stillroom_core.revisions.source import Note, OutsideExport, Tree

_SEARCHED_FOLDERS = 20_000
_SKIPPED = frozenset({".git", ".hg", ".svn", ".tox", ".venv", "venv", "node_modules", "__pycache__"})


@dataclass(frozen=True, kw_only=True)
class Locations:
    """Absolute folders inside the export; `script` holds env.py."""

    script: Path | None
    versions: tuple[Path, ...]
    notes: tuple[Note, ...]


def find_locations(settings: Settings, tree: Tree) -> Locations:
    """Resolve script_location and version_locations as Alembic does, relative to the working directory."""
    notes: list[Note] = []
    script = _script_folder(settings, tree, notes)
    if settings.version_locations is None:
        found = [_resolve(f"{script}/versions", "script_location", tree, notes)] if script else []
    else:
        found = [_resolve(place, "version_locations", tree, notes) for place in settings.version_locations]
    versions = tuple(place for place in found if place is not None)
    return Locations(script=script, versions=_present(versions, tree, notes), notes=tuple(notes))


def walk_folders(top: Path, limit: int) -> Iterator[tuple[Path, list[os.DirEntry[str]]]]:
    """Every folder below `top` with its entries, sorted, at most `limit` of them; links are not entered.

    Own loop instead of os.walk, which recurses and so breaks on a hostile thousand levels.
    """
    todo = [top]
    while todo and limit > 0:
        folder = todo.pop()
        limit -= 1
        try:
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            continue
        yield folder, entries
        todo.extend(
            folder / entry.name
            for entry in reversed(entries)
            if entry.is_dir(follow_symlinks=False) and entry.name not in _SKIPPED
        )


def is_script_folder(folder: Path) -> bool:
    """Whether a folder looks like what `alembic init` makes."""
    return not folder.is_symlink() and (folder / "env.py").is_file() and (folder / "versions").is_dir()


def _script_folder(settings: Settings, tree: Tree, notes: list[Note]) -> Path | None:
    if settings.script_location is not None:
        script = _resolve(settings.script_location, "script_location", tree, notes)
        if script is not None and not script.is_dir():
            detail = f"script_location '{settings.script_location}' is not a folder of this commit"
            notes.append(Note(code="script_location_missing", detail=detail))
            return None
        return script
    # Flask-Migrate keeps alembic.ini beside env.py and sets script_location to that folder itself.
    folder = settings.ini.parent if settings.ini else tree.cwd
    if is_script_folder(folder):
        detail = "no script_location is configured; taken is the folder that holds env.py, as Flask-Migrate does"
        notes.append(
            Note(code="script_location_implied", detail=detail, path=tree.relative(folder), certain=bool(settings.ini))
        )
        return folder
    below = [child for child in sorted(folder.iterdir()) if is_script_folder(child)] if folder.is_dir() else []
    if len(below) == 1:
        detail = "no script_location is configured; taken is the only folder that holds env.py and versions"
        notes.append(Note(code="script_location_guessed", detail=detail, path=tree.relative(below[0])))
        return below[0]
    notes.append(Note(code="no_script_location", detail="no script_location is configured"))
    return None


def _present(places: tuple[Path, ...], tree: Tree, notes: list[Note]) -> tuple[Path, ...]:
    """The places that exist; Alembic passes over the others in silence, we say so."""
    for place in places:
        if not place.is_dir():
            path = tree.relative(place)
            detail = f"the version location '{path}' is not a folder of this commit"
            notes.append(Note(code="version_location_missing", detail=detail, path=path, certain=True))
    return tuple(place for place in places if place.is_dir())


def _resolve(place: str, option: str, tree: Tree, notes: list[Note]) -> Path | None:
    try:
        if ":" in place and not place.startswith("/"):
            found = _package_folder(place, tree)
            if found is None:
                detail = f"the package of {option} '{place}' is not in this repository"
                notes.append(Note(code="package_not_found", detail=detail))
            return found
        return tree.inside(place)
    except OutsideExport:
        detail = f"{option} '{place}' leads out of the repository"
        notes.append(Note(code="outside_export", detail=detail))
        return None


def _package_folder(place: str, tree: Tree) -> Path | None:
    """The folder of `package:sub:folder`; looked for where packages usually lie, then everywhere."""
    package, *rest = place.split(":")
    inner = Path(*package.split("."), *rest)
    if inner.is_absolute() or ".." in inner.parts:
        raise OutsideExport(place)
    first = package.split(".")[0]
    if not first:
        return None
    for base in (tree.cwd, tree.cwd / "src", tree.root, tree.root / "src"):
        if (base / first).is_dir() and (base / inner).is_dir():
            return tree.inside(inner, base=base)
    for folder, entries in walk_folders(tree.root, _SEARCHED_FOLDERS):
        if any(entry.name == first and entry.is_dir(follow_symlinks=False) for entry in entries):
            candidate = tree.inside(inner, base=folder)
            if candidate.is_dir():
                return candidate
    return None
