"""Tables whose columns are as wide as what is in them."""

from __future__ import annotations

from collections.abc import Sequence

from stillroom_cli.client.terminal import Piece, Style, Terminal, clean, width_of


def write_table(terminal: Terminal, head: Sequence[str], rows: Sequence[Sequence[Piece]]) -> None:
    """Writes a head line and the rows; the last column is never padded."""
    lines: list[Sequence[Piece]] = [[(name.upper(), Style.FAINT) for name in head], *rows]
    widths = [max(width_of(_text(line[column])) for line in lines) for column in range(len(head))]
    for line in lines:
        pieces: list[Piece] = []
        for column, piece in enumerate(line):
            pieces.append(piece if isinstance(piece, str) else (piece[0], piece[1]))
            if column < len(line) - 1:
                pieces.append(" " * (widths[column] - width_of(_text(piece)) + 2))
        terminal.line(*pieces)


def _text(piece: Piece) -> str:
    return clean(piece if isinstance(piece, str) else piece[0])
