"""The lines of a job's stream: numbered as they come, bounded, and free of secrets; they wait here to be written."""

from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from stillroom_core.jobs.feed import Event
from stillroom_core.masking import masked
from stillroom_core.tables import now
from stillroom_worker.excerpt import Bounds, Excerpt

# A gigabyte that a migration prints must neither fill our memory nor our tables: the beginning is shown as it comes,
# the end when the run has ended, and the middle is counted. Statements have bounds of their own, so that printing
# hides none of them.
_OUTPUT = Bounds(head_items=100_000, head_bytes=16 * 1024 * 1024, tail_items=10_000, tail_bytes=2 * 1024 * 1024)
_STATEMENTS = Bounds(head_items=150_000, head_bytes=64 * 1024 * 1024, tail_items=5_000, tail_bytes=4 * 1024 * 1024)
_BOUNDED = frozenset({"statement_started", "statement_finished", "statement_failed", "transaction"})
# Above the bounds together: what is left is for steps and notes.
MAX_EVENTS = 400_000
# How a job ended is told whatever was printed before.
_ALWAYS = frozenset({"state", "error"})


def _size(statement: tuple[str, dict[str, Any]]) -> int:
    return len(statement[1].get("sql") or "")


class JobLines:
    """Numbers lines from `seq` on and keeps them in `waiting`; `arrived` is called for each."""

    def __init__(self, seq: int, arrived: Callable[[], None]) -> None:
        self._seq = seq
        self._arrived = arrived
        self.waiting: deque[Event] = deque()
        self._output: Excerpt[tuple[datetime, str], bytes] = Excerpt(_OUTPUT, len)
        self._statements: Excerpt[datetime, tuple[str, dict[str, Any]]] = Excerpt(_STATEMENTS, _size)
        self._full = False

    def event(self, type_: str, /, **data: Any) -> None:
        """Appends one line to the stream; of the statements of a run without end, the beginning."""
        at = now()
        if type_ not in _BOUNDED:
            self._append(at, type_, data)
            return
        began = self._statements.full
        for _ in self._statements.take(at, [(type_, data)]):
            self._append(at, type_, data)
        self._tell_middle(began, self._statements.full, "lines about statements")

    def output(self, stream: str, lines: list[bytes]) -> None:
        """Appends lines that a run printed; of a run that prints without end, the beginning."""
        at, began = now(), self._output.full
        for line in self._output.take((at, stream), lines):
            self._append(at, "output", {"stream": stream, "text": line.decode(errors="replace")})
        self._tell_middle(began, self._output.full, "lines of output")

    def tell_end(self) -> None:
        """Appends how many lines were left out in the middle, and the last ones; called when a run has ended."""
        lines, size, output = self._output.take_tail()
        self._tell_left_out(lines, size, "lines of output")
        for (at, stream), texts in output:
            for text in texts:
                self._append(at, "output", {"stream": stream, "text": text.decode(errors="replace")})
        lines, size, statements = self._statements.take_tail()
        self._tell_left_out(lines, size, "lines about statements")
        for at, events in statements:
            for type_, data in events:
                self._append(at, type_, data)

    def _tell_middle(self, before: bool, after: bool, what: str) -> None:
        if after and not before:
            self.note("middle_begins", f"Too many {what} to show: the last ones follow when the run has ended.")

    def _tell_left_out(self, lines: int, size: int, what: str) -> None:
        if lines:
            words = f"{lines:,} {what} ({size / 1e6:,.1f} MB) are left out here."
            self.note("middle_left_out", words, lines=lines, bytes=size)

    def note(self, code: str, text: str, **data: Any) -> None:
        """Appends a fact that the worker itself found."""
        self.event("note", code=code, text=text, **data)

    def _append(self, at: datetime, type_: str, data: dict[str, Any]) -> None:
        if self._full and type_ not in _ALWAYS:
            return
        if self._seq >= MAX_EVENTS and not self._full:
            self._full = True
            self._append_line(now(), "note", {"code": "stream_full", "text": f"Only {MAX_EVENTS:,} lines are kept."})
            if type_ not in _ALWAYS:
                return
        self._append_line(at, type_, data)

    def _append_line(self, at: datetime, type_: str, data: dict[str, Any]) -> None:
        self._seq += 1
        self.waiting.append(Event(self._seq, at, type_, fit(data)))
        self._arrived()


def fit(value: Any) -> Any:
    """Fit to be stored: without secrets, and without NUL, which PostgreSQL cannot store."""
    return _without_nul(masked(value))


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "\ufffd") if "\x00" in value else value
    if isinstance(value, dict):
        return {key: _without_nul(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    return value
