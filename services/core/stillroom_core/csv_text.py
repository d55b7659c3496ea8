"""Rows of a CSV file that a spreadsheet opens as text, whatever a hostile name holds."""

import csv
import io
import re
from collections.abc import Iterable

# A spreadsheet takes a cell that begins so for a formula, and a formula can send what stands beside it elsewhere.
_FORMULA = re.compile(r"^\s*[=+\-@]|^[\t\r]")
# A plain number may begin with a sign.
_NUMBER = re.compile(r"^[+-]?\d+(\.\d+)?$")


def csv_line(cells: Iterable[object]) -> str:
    """One line by RFC 4180; None is an empty cell, and what looks like a formula gets an apostrophe in front."""
    line = io.StringIO()
    csv.writer(line, lineterminator="\r\n").writerow([_cell(value) for value in cells])
    return line.getvalue()


def _cell(value: object) -> str:
    text = "" if value is None else str(value).replace("\x00", "")
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.match(text) else text
