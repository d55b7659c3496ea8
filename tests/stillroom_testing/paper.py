"""A text stream that a test can wait on."""

from __future__ import annotations

import io
import threading


class Paper(io.StringIO):
    """Takes what is written; another thread waits for a text to appear."""

    def __init__(self) -> None:
        super().__init__()
        self._changed = threading.Condition()

    def write(self, text: str) -> int:
        with self._changed:
            written = super().write(text)
            self._changed.notify_all()
        return written

    def wait_for(self, text: str, seconds: float = 20) -> None:
        """Returns once the text stands on the paper."""
        with self._changed:
            assert self._changed.wait_for(lambda: text in self.getvalue(), seconds), (
                f"{text!r} was not written:\n{self.getvalue()}"
            )
