"""The beginning and the end of something that may be endless; the middle is counted."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

About = TypeVar("About")
Item = TypeVar("Item")


@dataclass(frozen=True)
class Bounds:
    """How many items and bytes are kept at each end."""

    head_items: int
    head_bytes: int
    tail_items: int
    tail_bytes: int


class Excerpt(Generic[About, Item]):
    """Passes the first items through, keeps the last ones, and counts what lay between.

    Items come in handfuls, each with something about it, and in the middle a handful costs about as much as
    one item: a gigabyte of short lines must not keep a processor busy for minutes.
    """

    def __init__(self, bounds: Bounds, size: Callable[[Item], int]) -> None:
        self._bounds = bounds
        self._size = size
        self._items = self._bytes = 0
        self._tail: deque[tuple[About, list[Item], int]] = deque()
        self._tail_items = self._tail_bytes = 0
        self._left_out = self._left_out_bytes = 0
        self.full = False

    def take(self, about: About, items: list[Item]) -> list[Item]:
        """Those that belong to the beginning; the others are kept while they may be among the last."""
        passing: list[Item] = []
        if not self.full:
            for item in items:
                self._items += 1
                self._bytes += self._size(item)
                if self._items > self._bounds.head_items or self._bytes > self._bounds.head_bytes:
                    self.full = True
                    break
                passing.append(item)
        rest = items[len(passing) :]
        if rest:
            size = sum(map(self._size, rest))
            self._tail.append((about, rest, size))
            self._tail_items += len(rest)
            self._tail_bytes += size
            self._forget()
        return passing

    def take_tail(self) -> tuple[int, int, list[tuple[About, list[Item]]]]:
        """How many items and bytes were left out, and the last items in order; what comes later begins a new end."""
        kept: list[tuple[About, list[Item]]] = []
        items = size = 0
        full = False
        while self._tail and not full:
            about, handful, _ = self._tail.pop()
            last: list[Item] = []
            for item in reversed(handful):
                full = items + 1 > self._bounds.tail_items or size + self._size(item) > self._bounds.tail_bytes
                if full:
                    break
                items, size = items + 1, size + self._size(item)
                last.append(item)
            kept.append((about, last[::-1]))
        left_out = self._left_out + self._tail_items - items
        left_out_bytes = self._left_out_bytes + self._tail_bytes - size
        self._tail.clear()
        self._tail_items = self._tail_bytes = self._left_out = self._left_out_bytes = 0
        return left_out, left_out_bytes, kept[::-1]

    def _forget(self) -> None:
        """Drops handfuls without which the end is long enough."""
        while len(self._tail) > 1:
            _, first, size = self._tail[0]
            items, left = self._tail_items - len(first), self._tail_bytes - size
            if items < self._bounds.tail_items and left < self._bounds.tail_bytes:
                return
            self._tail.popleft()
            self._tail_items, self._tail_bytes = items, left
            self._left_out += len(first)
            self._left_out_bytes += size
