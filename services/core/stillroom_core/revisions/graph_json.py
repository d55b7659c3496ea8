"""The stored and the received form of a graph; both are checked before anything is built from them."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from stillroom_core.errors import Invalid

if TYPE_CHECKING:
    from stillroom_core.revisions.graph import Graph

FORMAT = 1
Row = tuple[str, tuple[str, ...], tuple[str, ...], tuple[str, ...], str, str, str]

_REVISIONS = 50_000
_LINKS = 1000
_ID_CHARACTERS = 255
_TEXT_CHARACTERS = 8000
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def dump(graph: "Graph") -> dict[str, Any]:
    """{"format": 1, "revisions": [[id, down, depends_on, labels, message, path, doc], …]}.

    One parent is a string, none null; trailing defaults are cut off, and so is a doc that is the message.
    """
    rows = []
    for revision in graph.all_revisions:
        row: list[Any] = [
            revision.id,
            _pack(revision.down),
            _pack(revision.depends_on),
            _pack(revision.labels),
            revision.message or None,
            revision.path or None,
            None if revision.doc == revision.message else revision.doc,
        ]
        while row[-1] is None:
            row.pop()
        rows.append(row)
    return {"format": FORMAT, "revisions": rows}


def dump_bytes(graph: "Graph") -> bytes:
    """The same as UTF-8 text."""
    return json.dumps(dump(graph), ensure_ascii=False, separators=(",", ":")).encode()


def load(content: bytes | str | Mapping[str, Any]) -> Iterator[Row]:
    """The rows of a stored graph. Raises Invalid."""
    try:
        data = json.loads(content) if isinstance(content, bytes | str) else content
        if data["format"] != FORMAT:
            raise _malformed("the stored graph has another format")
        for row in data["revisions"]:
            key, down, depends_on, labels, message, path, doc = row + [None] * (7 - len(row))
            text = message or ""
            yield (
                key,
                _unpack(down),
                _unpack(depends_on),
                _unpack(labels),
                text,
                text if doc is None else doc,
                path or "",
            )
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _malformed("the stored graph cannot be read") from error


def load_event(data: Mapping[str, Any], root: str) -> list[Row]:
    """The rows of a `graph` event; a tenant's process sent it, so every field is checked. Raises Invalid."""
    revisions = data.get("revisions")
    if not isinstance(revisions, list) or len(revisions) > _REVISIONS:
        raise _malformed(f"'revisions' is not a list of at most {_REVISIONS}")
    rows: list[Row] = []
    for item in revisions:
        if not isinstance(item, dict):
            raise _malformed("a revision is not an object")
        key = _ids(item, "id")
        if len(key) != 1 or not key[0]:
            raise _malformed("a revision has no id")
        doc = _text(item, "doc")
        message = _text(item, "message") or doc.split("\n\n", 1)[0]
        rows.append(
            (
                key[0],
                _ids(item, "down"),
                _ids(item, "depends_on"),
                _ids(item, "labels"),
                message,
                doc or message,
                _below(_text(item, "path"), root),
            )
        )
    return _own_labels(rows)


def _own_labels(rows: list[Row]) -> list[Row]:
    """Each label at one revision only.

    Alembic lends a label to all descendants of its revision, and some versions show no difference. The
    oldest bearer, the one whose parents do not bear it, stands for the branch as well as the real owner.
    """
    bearers: dict[str, int] = {}
    for row in rows:
        for label in row[3]:
            bearers[label] = bearers.get(label, 0) + 1
    lent = {label for label, times in bearers.items() if times > 1}
    if not lent:
        return rows
    labels = {row[0]: set(row[3]) for row in rows}
    none: set[str] = set()
    return [
        (
            row[0],
            row[1],
            row[2],
            tuple(
                label
                for label in row[3]
                if label not in lent or not any(label in labels.get(down, none) for down in row[1])
            ),
            *row[4:],
        )
        for row in rows
    ]


def _ids(item: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = item.get(name)
    if value is None:
        return ()
    if isinstance(value, str):
        value = [value]
    if not isinstance(value, list) or len(value) > _LINKS:
        raise _malformed(f"'{name}' of a revision is not a list of at most {_LINKS} ids")
    for part in value:
        if not isinstance(part, str) or len(part) > _ID_CHARACTERS or _UNSTORABLE.search(part):
            raise _malformed(f"'{name}' of a revision holds something that is no id")
    return tuple(value)


def _text(item: Mapping[str, Any], name: str) -> str:
    value = item.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _malformed(f"'{name}' of a revision is not text")
    return _UNSTORABLE.sub("\ufffd", value)[:_TEXT_CHARACTERS]


def _below(path: str, root: str) -> str:
    pure = PurePosixPath(path)
    if root and pure.is_relative_to(root):
        return pure.relative_to(root).as_posix()
    return path


def _pack(values: tuple[str, ...]) -> str | list[str] | None:
    if not values:
        return None
    return values[0] if len(values) == 1 else list(values)


def _unpack(value: Any) -> tuple[str, ...]:
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(value)


def _malformed(detail: str) -> Invalid:
    return Invalid(
        "bad_graph",
        "This is not a graph of revisions.",
        detail=detail,
        fix="Fetch the project again, so that the graph is read anew.",
    )
