"""A receiver of webhooks: a real HTTP server that remembers what came and answers as it is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Received:
    """One message: path, headers by their names in lower case, body."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HookReceiver:
    """What came, and what is answered next; the last answer goes on."""

    port: int = 0
    came: list[Received] = field(default_factory=list)
    answers: list[tuple[int, bytes, dict[str, str]]] = field(default_factory=lambda: [(200, b"ok", {})])
    # Set to let answers that are held go on.
    go_on: threading.Event = field(default_factory=threading.Event)
    hold: bool = False

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    def answer(self, *statuses: int) -> None:
        """What is answered from now on."""
        self.answers = [(status, b"", {}) for status in statuses]


@contextmanager
def receiving() -> Iterator[HookReceiver]:
    """A receiver on this machine while the block lasts."""
    receiver = HookReceiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            receiver.came.append(Received(self.path, {k.lower(): v for k, v in self.headers.items()}, body))
            if receiver.hold:
                receiver.go_on.wait(30)
            status, content, headers = receiver.answers[0]
            if len(receiver.answers) > 1:
                receiver.answers.pop(0)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.go_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
