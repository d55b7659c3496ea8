"""Revisions drawn like `git log --graph`: one line each, and a connecting line where lanes split or join."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """One line of lanes; `revision` is None for a line that only connects."""

    lanes: str
    revision: str | None


def draw(revisions: Iterable[tuple[str, tuple[str, ...]]]) -> Iterator[Row]:
    """Rows for (id, ids it follows), newest first: each before everything that it follows.

    A lane holds the id that it waits for. A revision stands where the leftmost lane waits for it; other
    lanes that wait for it join there, and for a merge new lanes leave it.
    """
    lanes: list[str | None] = []
    for revision, down in revisions:
        waiting = [index for index, awaited in enumerate(lanes) if awaited == revision]
        if waiting:
            column = waiting[0]
        else:
            column = _free(lanes)
            lanes[column] = revision
        if waiting[1:]:
            yield Row(_connect(lanes, column, waiting[1:], "╯", "┴"), None)
            for index in waiting[1:]:
                lanes[index] = None
            _trim(lanes)
        yield Row(_line(lanes, column), revision)
        lanes[column] = down[0] if down else None
        opened = []
        for parent in down[1:]:
            lane = _free(lanes, after=column)
            lanes[lane] = parent
            opened.append(lane)
        if opened:
            yield Row(_connect(lanes, column, opened, "╮", "┬"), None)
        _trim(lanes)


def _line(lanes: list[str | None], column: int) -> str:
    return " ".join("●" if i == column else "│" if lane else " " for i, lane in enumerate(lanes)).rstrip()


def _connect(lanes: list[str | None], column: int, others: list[int], corner: str, tee: str) -> str:
    """The line on which lanes leave `column` or come back to it; it may cross lanes that go straight on."""
    first, last = min(column, *others), max(column, *others)
    drawn = []
    for index, lane in enumerate(lanes):
        if index == column:
            sign = "├"
        elif index in others:
            sign = corner if index == last else tee
        elif first < index < last:
            sign = "┼" if lane else "─"
        else:
            sign = "│" if lane else " "
        drawn.append(sign + ("─" if first <= index < last else " "))
    return "".join(drawn).rstrip()


def _free(lanes: list[str | None], after: int = -1) -> int:
    """The first empty lane right of `after`, made if there is none."""
    for index in range(after + 1, len(lanes)):
        if lanes[index] is None:
            return index
    lanes.append(None)
    return len(lanes) - 1


def _trim(lanes: list[str | None]) -> None:
    while lanes and lanes[-1] is None:
        lanes.pop()
