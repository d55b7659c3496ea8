"""Signals as one bell: somebody wants us to stop, or a child ended."""

from __future__ import annotations

import select
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_STOP = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(BaseException):
    """Asked to stop while still starting. Not an Exception, so that nothing on the way swallows it."""


class Bell:
    """Rings at SIGINT, SIGTERM, SIGHUP and SIGCHLD. Use it inside `with hung() as bell`."""

    def __init__(self, reading: socket.socket) -> None:
        self.asked_to_stop = False
        self.interrupts = True
        self._reading = reading

    def listen(self) -> None:
        """From now on a request to stop only sets `asked_to_stop`; before, it raised Stopped."""
        self.interrupts = False

    def wait(self, seconds: float | None) -> None:
        """Sleeps until a signal, at most so long."""
        if self.asked_to_stop:
            return
        ready, _, _ = select.select([self._reading], [], [], seconds)
        if ready:
            self._reading.recv(4096)

    def handle(self, _number: int, _frame: FrameType | None) -> None:
        """The handler of the stopping signals."""
        first, self.asked_to_stop = not self.asked_to_stop, True
        if self.interrupts and first:
            raise Stopped


@contextmanager
def hung() -> Iterator[Bell]:
    """Installs the handlers and takes them down again."""
    reading, writing = socket.socketpair()
    reading.setblocking(False)
    writing.setblocking(False)
    bell = Bell(reading)
    # Explicitly, also where a shell started us with SIGINT ignored.
    former = {number: signal.signal(number, bell.handle) for number in _STOP}
    former[signal.SIGCHLD] = signal.signal(signal.SIGCHLD, lambda _number, _frame: None)
    former_fd = signal.set_wakeup_fd(writing.fileno(), warn_on_full_buffer=False)
    try:
        yield bell
    finally:
        signal.set_wakeup_fd(former_fd)
        for number, handler in former.items():
            signal.signal(number, handler)
        reading.close()
        writing.close()
