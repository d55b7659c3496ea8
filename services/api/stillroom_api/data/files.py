"""Rows as a file, line by line while they come."""

import csv
import io
import json
from typing import Any

from stillroom_api.files import CSV, headers_of
from stillroom_api.reader import Asked, Line, Told


def as_file(asked: Asked, *, file_format: str, name: str) -> Told:
    """CSV with a head, or JSON with one object a line; broken off with a line that says so."""
    tell = _Csv() if file_format == "csv" else _Json()
    kind = CSV if file_format == "csv" else "application/x-ndjson"
    ending = "csv" if file_format == "csv" else "ndjson"
    plain = "".join(letter if letter.isascii() and (letter.isalnum() or letter in "-_") else "_" for letter in name)
    return Told(asked, tell, kind, headers_of(f"{plain}.{ending}"))


class _Csv:
    """A null is an empty cell, an empty text a quoted one, as in COPY … CSV."""

    def __call__(self, line: Line) -> bytes:
        if "columns" in line:
            return _row(line["columns"])
        if "error" in line:
            return _row([f"# {line['error']['title']} {line['error']['detail']}".strip()])
        return b"".join(_row(row) for row in line["rows"])


def _row(values: list[Any]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_NOTNULL if hasattr(csv, "QUOTE_NOTNULL") else csv.QUOTE_MINIMAL)
    writer.writerow(values)
    return text.getvalue().encode()


class _Json:
    """One object a row; two columns never have one name in a table."""

    def __init__(self) -> None:
        self._columns: list[str] = []

    def __call__(self, line: Line) -> bytes:
        if "columns" in line:
            self._columns = line["columns"]
            return b""
        if "error" in line:
            return json.dumps(line, ensure_ascii=False).encode() + b"\n"
        rows = (dict(zip(self._columns, row, strict=True)) for row in line["rows"])
        return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)
