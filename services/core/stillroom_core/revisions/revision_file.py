"""One revision file: its ids, labels and message, and what of it could not be read without running it."""

import re
from dataclasses import dataclass
from typing import Any

from stillroom_core.revisions.graph import Revision
from stillroom_core.revisions.header import Header, read_header
from stillroom_core.revisions.source import Note
from stillroom_core.revisions.syntax import Computed, NotRead, decode, function_lines, read_names

FILE_BYTES = 256 * 1024
"""Largest file that is read whole; a syntax tree of 10 MB takes half a minute."""

_LEGACY_NAME = re.compile(r"([a-f0-9]+)\.py$")
_ILLEGAL = frozenset("@-+:")
_ID_CHARACTERS = 255
_PARENTS = 1000
_MESSAGE_CHARACTERS = 1000
_DOC_CHARACTERS = 8000
# PostgreSQL's text cannot hold a null character, UTF-8 no lone half of a surrogate pair.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True)
class RevisionFile:
    """One revision with its source, for showing. Lines count from 1 and include decorators."""

    revision: Revision | None
    source: str
    truncated: bool
    upgrade_lines: tuple[int, int] | None
    downgrade_lines: tuple[int, int] | None
    notes: tuple[Note, ...]


def counts_as_revision(filename: str) -> bool:
    """Whether Alembic takes a file of a version folder for a revision (compiled files aside)."""
    return filename.endswith(".py") and not filename.startswith((".#", "__init__"))


def read_file(data: bytes, path: str) -> tuple[Revision | None, list[Note]]:
    """The revision that a file's bytes define; None with a note when its id cannot be known."""
    large = len(data) > FILE_BYTES
    try:
        text = data[:FILE_BYTES].decode(errors="ignore" if large else "strict")
    except UnicodeDecodeError:
        text = ""  # nor is it read by the quick way
    header = read_header(text)
    if large:
        note = Note(
            code="file_too_large",
            detail=f"it is larger than {FILE_BYTES // 1024} KiB; only its beginning is read",
            path=path,
        )
        return _revision(header.values, header.doc, path, [note])
    if header.whole and text:
        return _revision(header.values, header.doc, path, [])
    try:
        values, doc = read_names(decode(data))
    except NotRead as error:
        return _salvaged(header, path, error)
    return _revision(values, doc, path, [])


def show_file(data: bytes, path: str) -> RevisionFile:
    """A file as it is shown: its text (at most 256 KiB of it) and where its two functions stand."""
    revision, notes = read_file(data, path)
    truncated = len(data) > FILE_BYTES
    try:
        text = data[:FILE_BYTES].decode(errors="ignore") if truncated else decode(data)
    except NotRead:
        text = data.decode(errors="replace")
    text = _UNSTORABLE.sub("\ufffd", text)
    upgrade, downgrade = upgrade_and_downgrade_lines(text)
    return RevisionFile(
        revision=revision,
        source=text,
        truncated=truncated,
        upgrade_lines=upgrade,
        downgrade_lines=downgrade,
        notes=tuple(notes),
    )


def upgrade_and_downgrade_lines(
    source: str,
) -> tuple[tuple[int, int] | None, tuple[int, int] | None]:
    """First and last line of upgrade() and of downgrade() in a file's text; None where there is none."""
    try:
        lines = function_lines(source)
    except NotRead:
        lines = _lines_by_indentation(source)
    return lines.get("upgrade"), lines.get("downgrade")


def _lines_by_indentation(source: str) -> dict[str, tuple[int, int]]:
    """A fair guess where there is no syntax tree, such as for the syntax of a newer Python."""
    found: dict[str, tuple[int, int]] = {}
    name = ""
    for number, line in enumerate(source.splitlines(), start=1):
        if start := re.match(r"(?:async\s+)?def\s+(upgrade|downgrade)\s*\(", line):
            name = start[1]
            found[name] = (number, number)
        elif name and line[:1] in {" ", "\t", ")"} and line.strip():
            found[name] = (found[name][0], number)
        elif name and line.strip() and not line.startswith("#"):
            name = ""
    return found


def _salvaged(header: Header, path: str, error: NotRead) -> tuple[Revision | None, list[Note]]:
    """What the beginning says, when the whole cannot be parsed: still a useful preview, never certain."""
    note = Note(code=error.code, detail=error.detail, path=path)
    if "revision" not in header.values:
        return None, [note]
    return _revision(header.values, header.doc, path, [note])


def _revision(
    values: dict[str, Any], doc: str | None, path: str, notes: list[Note]
) -> tuple[Revision | None, list[Note]]:
    remarks = _Remarks(path, notes)
    key = _id(values, path, remarks)
    if key is None:
        return None, notes
    if "down_revision" not in values:
        remarks.add("no_down_revision", "it sets no down_revision")
    text = (doc or "").strip()
    if not text.isprintable():
        text = _UNSTORABLE.sub("\ufffd", text)
    message = text.split("\n\n", 1)[0]
    return (
        Revision(
            id=key,
            down=remarks.ids(values, "down_revision"),
            depends_on=remarks.ids(values, "depends_on"),
            labels=remarks.ids(values, "branch_labels"),
            message=message[:_MESSAGE_CHARACTERS],
            doc=text[:_DOC_CHARACTERS],
            path=path,
        ),
        notes,
    )


def _id(values: dict[str, Any], path: str, remarks: "_Remarks") -> str | None:
    if "revision" not in values:
        # Projects from before Alembic 0.2 carry the id in the file's name only.
        if legacy := _LEGACY_NAME.match(path.rpartition("/")[2]):
            return legacy[1]
        remarks.add("no_revision_id", "it sets no revision")
        return None
    value = values["revision"]
    if isinstance(value, Computed):
        remarks.computed("revision", value)
        return None
    if not isinstance(value, str) or not value:
        remarks.add("bad_revision_id", "its revision is not a string")
        return None
    if not _ILLEGAL.isdisjoint(value):
        remarks.add("bad_revision_id", f"its revision '{value[:60]}' has one of the characters @ - + :")
        return None
    if len(value) > _ID_CHARACTERS or _UNSTORABLE.search(value):
        remarks.add("bad_revision_id", "its revision is too long, or no text")
        return None
    return value


class _Remarks:
    """Collects the notes of one file."""

    def __init__(self, path: str, notes: list[Note]) -> None:
        self._path = path
        self._notes = notes

    def add(self, code: str, detail: str) -> None:
        self._notes.append(Note(code=code, detail=detail, path=self._path))

    def computed(self, name: str, value: Computed) -> None:
        self.add("computed", f"line {value.line}: its {name} is computed when it runs")

    def ids(self, values: dict[str, Any], name: str) -> tuple[str, ...]:
        """A name's value as Alembic makes a tuple of it; a note and nothing when it is no list of ids."""
        value = values.get(name)
        if value is None or (value == "" and name != "down_revision"):
            return ()
        if isinstance(value, str):
            value = (value,)
        if isinstance(value, Computed):
            self.computed(name, value)
            return ()
        if value == (None,):
            return ()
        good = isinstance(value, tuple | list) and len(value) <= _PARENTS
        if not good or not all(
            isinstance(part, str) and len(part) <= _ID_CHARACTERS and not _UNSTORABLE.search(part) for part in value
        ):
            self.add("bad_value", f"its {name} is neither None nor a string nor a list of strings")
            return ()
        return tuple(value)
