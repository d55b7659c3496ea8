"""The beginning and the end of something that may be endless; the middle is counted."""

from collections import deque
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Bounds:
    """How many items and bytes are kept at each end."""

    head_items: int
    head_bytes: int
    tail_items: int
    tail_bytes: int


class Excerpt(Generic[T]):
    """Passes the first items through, keeps the last ones, and counts what lay between."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._items = self._bytes = 0
        self._tail: deque[tuple[int, T]] = deque()
        self._tail_bytes = 0
        self.full = False
        self.left_out = self.left_out_bytes = 0

    def passes(self, size: int, item: T) -> bool:
        """Whether the item belongs to the beginning; otherwise it is kept while it is among the last."""
        if not self.full:
            self._items += 1
            self._bytes += size
            self.full = self._items > self._bounds.head_items or self._bytes > self._bounds.head_bytes
            if not self.full:
                return True
        self._tail.append((size, item))
        self._tail_bytes += size
        while len(self._tail) > self._bounds.tail_items or self._tail_bytes > self._bounds.tail_bytes:
            oldest, _ = self._tail.popleft()
            self._tail_bytes -= oldest
            self.left_out += 1
            self.left_out_bytes += oldest
        return False

    def take_tail(self) -> list[T]:
        """The last items, in order; what comes later begins a new end."""
        tail = [item for _, item in self._tail]
        self._tail.clear()
        self._tail_bytes = self.left_out = self.left_out_bytes = 0
        return tail
