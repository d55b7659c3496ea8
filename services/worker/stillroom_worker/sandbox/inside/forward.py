"""A listener on 127.0.0.1:5432 of the job's own network that leads to the database proxy's socket.

Many projects build their URL from a host and a port; inside the cell those lead here.
"""

import contextlib
import os
import selectors
import socket

PORT = 5432
_CHUNK = 256 * 1024
_PATH_LIMIT = 107  # sizeof(sockaddr_un.sun_path) - 1


class _End:
    """One socket of a pair, with what waits to be written to it."""

    def __init__(self, handle: socket.socket) -> None:
        self.handle = handle
        self.waiting = b""
        self.events = 0
        self.peer: _End | None = None


class Forwarder:
    """Serves on the selector of its owner, who calls `handle` with the keys that are `ours`."""

    def __init__(self, selector: selectors.BaseSelector, target: str) -> None:
        self._selector = selector
        self._target = target
        self._ends: set[_End] = set()
        self._listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind(("127.0.0.1", PORT))
        self._listener.listen(64)
        self._listener.setblocking(False)
        selector.register(self._listener, selectors.EVENT_READ, self)

    @property
    def is_idle(self) -> bool:
        """Whether no connection is open."""
        return not self._ends

    def handle(self, key: selectors.SelectorKey, events: int) -> None:
        if key.data is self:
            self._accept()
        elif isinstance(key.data, _End):
            end = key.data
            if events & selectors.EVENT_WRITE:
                self._flush(end)
            if events & selectors.EVENT_READ and end in self._ends:
                self._read(end)

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except OSError:
            return
        server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            self._connect(server)
        except OSError:
            client.close()
            server.close()
            return
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        here, there = _End(client), _End(server)
        here.peer, there.peer = there, here
        for end in (here, there):
            end.handle.setblocking(False)
            self._ends.add(end)
            self._listen_to(end)

    def _connect(self, server: socket.socket) -> None:
        if len(os.fsencode(self._target)) <= _PATH_LIMIT:
            server.connect(self._target)
            return
        folder = os.open(os.path.dirname(self._target), os.O_PATH | os.O_DIRECTORY)  # noqa: PTH120
        try:
            server.connect(f"/proc/self/fd/{folder}/{os.path.basename(self._target)}")  # noqa: PTH119
        finally:
            os.close(folder)

    def _read(self, end: _End) -> None:
        try:
            data = end.handle.recv(_CHUNK)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data = b""
        peer = end.peer
        if peer is None or not data:
            self._close(end)
            return
        peer.waiting = data
        self._flush(peer)

    def _flush(self, end: _End) -> None:
        try:
            sent = end.handle.send(end.waiting)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self._close(end)
            return
        end.waiting = end.waiting[sent:]
        for side in (end, end.peer):
            if side is not None:
                self._listen_to(side)

    def _listen_to(self, end: _End) -> None:
        """Read while the other side takes what comes; write while something waits."""
        blocked = end.peer is not None and end.peer.waiting
        wanted = (0 if blocked else selectors.EVENT_READ) | (selectors.EVENT_WRITE if end.waiting else 0)
        if wanted == end.events:
            return
        if not end.events:
            self._selector.register(end.handle, wanted, end)
        elif not wanted:
            self._selector.unregister(end.handle)
        else:
            self._selector.modify(end.handle, wanted, end)
        end.events = wanted

    def _close(self, end: _End) -> None:
        """Both ends together; what is waiting for the other one is tried once more."""
        for side in (end, end.peer):
            if side is None or side not in self._ends:
                continue
            self._ends.discard(side)
            if side.events:
                self._selector.unregister(side.handle)
                side.events = 0
            if side.waiting:
                with contextlib.suppress(OSError):
                    side.handle.settimeout(1)
                    side.handle.sendall(side.waiting)
            side.handle.close()
