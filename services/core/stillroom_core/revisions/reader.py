"""Reading a project's revisions out of an export, without running anything."""

import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from stillroom_core.errors import NotFound
from stillroom_core.revisions.code_settings import settings_in_code
from stillroom_core.revisions.graph import Graph, Revision
from stillroom_core.revisions.locations import find_locations
from stillroom_core.revisions.revision_file import (
    FILE_BYTES,
    RevisionFile,
    counts_as_revision,
    read_file,
    show_file,
)
from stillroom_core.revisions.settings import Settings, Unreadable, read_settings
from stillroom_core.revisions.source import Note, OutsideExport, Source, Tree, read_limited

FILES = 20_000
"""Most revision files that are read; the largest known histories have fewer than a thousand."""
TIME_LIMIT = timedelta(seconds=20)
_ENTRIES = 200_000
_NOTES = 200


@dataclass(frozen=True, kw_only=True)
class Reading:
    """A graph as it was read, and how far it can be trusted.

    `complete` is False when Alembic itself might see another graph: then ask it, in the sandbox. Locations
    are relative to the export.
    """

    graph: Graph
    complete: bool
    notes: tuple[Note, ...]
    script_location: str | None
    version_locations: tuple[str, ...]
    files: int


def read_graph(source: Source, *, time_limit: timedelta = TIME_LIMIT) -> Reading:
    """Read every revision of a project. Never raises for what a repository holds; see the notes."""
    deadline = time.monotonic() + time_limit.total_seconds()
    try:
        tree = Tree(source)
        settings = read_settings(source, tree)
    except OutsideExport:
        detail = f"the subdirectory '{source.subdirectory}' leads out of the repository"
        return _nothing(Note(code="outside_export", detail=detail))
    except Unreadable as error:
        return _nothing(Note(code="config_unreadable", detail=str(error), path=source.config_file or ""))
    locations = find_locations(settings, tree)
    notes = _Notes()
    notes.extend(locations.notes)
    revisions: list[Revision] = []
    files = 0
    for path in _files(locations.versions, settings, tree, notes):
        if files == FILES:
            notes.add(Note(code="too_many_files", detail=f"only the first {FILES} revision files are read"))
            break
        if time.monotonic() > deadline:
            detail = f"reading was stopped after {time_limit.total_seconds():g} seconds and {files} files"
            notes.add(Note(code="time_limit", detail=detail))
            break
        files += 1
        data = read_limited(path, FILE_BYTES)
        relative = path[len(tree.root.as_posix()) :].lstrip("/")
        if data is None:
            notes.add(Note(code="unreadable", detail="it cannot be opened", path=relative))
            continue
        revision, remarks = read_file(data, relative)
        notes.extend(remarks)
        if revision is not None:
            revisions.append(revision)
    notes.extend(settings_in_code(tree, settings, locations))
    return Reading(
        graph=Graph(revisions),
        complete=notes.certain,
        notes=notes.as_tuple(),
        script_location=tree.relative(locations.script) if locations.script else None,
        version_locations=tuple(tree.relative(place) for place in locations.versions),
        files=files,
    )


def read_revision(export: Path, path: str) -> RevisionFile:
    """One revision file, by its path in the export, with its source. Raises NotFound."""
    tree = Tree(Source(export=export))
    try:
        data = read_limited(tree.inside(path), FILE_BYTES)
    except OutsideExport:
        data = None
    if data is None:
        raise NotFound(
            "file_not_found",
            "This commit has no such file.",
            detail=path,
            fix="Fetch the project again, so that its history is read anew.",
        )
    return show_file(data, path)


class _Notes:
    """Notes up to a number that a person can still read; what they mean for certainty is never dropped."""

    def __init__(self) -> None:
        self._notes: list[Note] = []
        self._dropped = 0
        self.certain = True

    def add(self, note: Note) -> None:
        self.certain = self.certain and note.certain
        if len(self._notes) < _NOTES:
            self._notes.append(note)
        else:
            self._dropped += 1

    def extend(self, notes: "list[Note] | tuple[Note, ...]") -> None:
        for note in notes:
            self.add(note)

    def as_tuple(self) -> tuple[Note, ...]:
        if not self._dropped:
            return tuple(self._notes)
        return (
            *self._notes,
            Note(code="more_notes", detail=f"and {self._dropped} more remarks of this kind"),
        )


def _nothing(note: Note) -> Reading:
    return Reading(graph=Graph(()), complete=False, notes=(note,), script_location=None, version_locations=(), files=0)


def _files(places: tuple[Path, ...], settings: Settings, tree: Tree, notes: _Notes) -> Iterator[str]:
    """The files that Alembic would load, in its order: by folder, sorted, each only once."""
    seen: set[str] = set()
    budget = [_ENTRIES]
    for place in places:
        for path in _files_below(place.as_posix(), settings, tree, notes, budget):
            if path not in seen:
                seen.add(path)
                yield path


def _files_below(top: str, settings: Settings, tree: Tree, notes: _Notes, budget: list[int]) -> Iterator[str]:
    todo = [top]
    while todo:
        folder = todo.pop()
        files, folders, compiled = [], [], False
        try:
            with os.scandir(folder) as listing:
                for entry in listing:
                    budget[0] -= 1
                    if budget[0] < 0:
                        notes.add(Note(code="too_many_files", detail=f"only {_ENTRIES} entries are looked at"))
                        return
                    name = entry.name
                    if entry.is_file(follow_symlinks=False):
                        files.append(name)
                        compiled = compiled or name.endswith((".pyc", ".pyo"))
                    elif entry.is_dir(follow_symlinks=False):
                        folders.append(name)
                    elif counts_as_revision(name):
                        detail = "it is no regular file and is not followed"
                        notes.add(Note(code="not_a_file", detail=detail, path=tree.relative(entry.path)))
        except OSError:
            notes.add(Note(code="unreadable", detail="the folder cannot be listed", path=tree.relative(folder)))
            continue
        if not folder.endswith("__pycache__"):
            if settings.sourceless and (compiled or "__pycache__" in folders):
                detail = "compiled revisions (sourceless = true) are not read"
                notes.add(Note(code="sourceless", detail=detail, path=tree.relative(folder)))
            files.sort()
            for name in files:
                if counts_as_revision(name):
                    yield f"{folder}/{name}"
        if settings.recursive:
            todo.extend(f"{folder}/{name}" for name in sorted(folders, reverse=True))
