"""Writing for people: colours where a terminal shows them, plain lines everywhere else."""

from __future__ import annotations

import os
import re
import shutil
import unicodedata
from enum import StrEnum
from typing import TextIO


class Style(StrEnum):
    """What a piece of text means; the number is its ANSI colour (ECMA-48 SGR)."""

    PLAIN = ""
    STRONG = "1"
    FAINT = "2"
    GOOD = "32"
    BAD = "31"
    CAREFUL = "33"
    RUNNING = "36"


Piece = str | tuple[str, Style]

# CSI and OSC sequences first, as a whole; then every other control character. What a tenant's process
# prints must not move the cursor, set the title or answer questions of the terminal.
_SEQUENCES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[@-_]")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_PLAIN_MARKS = str.maketrans(
    {
        "✓": "+",
        "✗": "x",
        "▸": ">",
        "●": "*",
        "│": "|",
        "─": "-",
        "╮": ".",
        "╯": "'",
        "├": "+",
        "┤": "+",
        "┼": "+",
    }
    | {"↶": "<", "…": "...", "·": "-", "→": "->", "┴": "+", "┬": "+"}
)


def clean(text: str) -> str:
    """The text on one line, without anything that a terminal would obey."""
    return _CONTROLS.sub(" ", _SEQUENCES.sub("", text)).replace("\t", "    ").rstrip()


def width_of(text: str) -> int:
    """How many columns the text takes (Unicode UAX #11, UAX #29 roughly)."""
    return sum(
        0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1
        for letter in text
    )


def shortened(text: str, width: int) -> str:
    """The text cut to a number of columns, with a sign that it was."""
    if width_of(text) <= width:
        return text
    while text and width_of(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


class Terminal:
    """One stream that lines are written to, with one passing line below them where there is a terminal."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self.interactive = out.isatty() and os.environ.get("TERM") != "dumb"
        # https://no-color.org: present and not empty
        self._colours = self.interactive and not os.environ.get("NO_COLOR")
        self._signs = _can_write(out, "✓▸│╯")
        self._passing = ""

    @property
    def width(self) -> int:
        """Columns of the terminal; plenty where lines go to a file."""
        return shutil.get_terminal_size((100, 24)).columns if self.interactive else 2000

    def line(self, *pieces: Piece) -> None:
        """Writes one line above the passing one."""
        self._erase()
        self._out.write("".join(self._painted(piece) for piece in pieces).rstrip(" ") + "\n")
        self._out.flush()

    def passing(self, *pieces: Piece) -> None:
        """Shows a line that the next one replaces; nothing where there is no terminal."""
        if not self.interactive:
            return
        text = shortened("".join(clean(_text(piece)) for piece in pieces), self.width - 1)
        painted = self._painted((text, Style.RUNNING))
        if painted == self._passing:
            return
        self._erase()
        self._out.write(painted)
        self._out.flush()
        self._passing = painted

    def end_passing(self) -> None:
        """Takes the passing line away."""
        self._erase()
        self._out.flush()

    def _erase(self) -> None:
        if self._passing:
            self._out.write("\r\x1b[2K")
            self._passing = ""

    def _painted(self, piece: Piece) -> str:
        text = _text(piece)
        text = _CONTROLS.sub(" ", _SEQUENCES.sub("", text)).replace("\t", "    ")
        if not self._signs:
            text = text.translate(_PLAIN_MARKS)
            text = text.encode(self._out.encoding or "ascii", "replace").decode(self._out.encoding or "ascii")
        style = Style.PLAIN if isinstance(piece, str) else piece[1]
        return f"\x1b[{style}m{text}\x1b[0m" if style and self._colours else text


def _text(piece: Piece) -> str:
    return piece if isinstance(piece, str) else piece[0]


def _can_write(out: TextIO, text: str) -> bool:
    try:
        text.encode(getattr(out, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
