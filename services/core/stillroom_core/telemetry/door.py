"""The door of a process for operators: /metrics, /livez and /readyz on an address of their own.

It is none of the addresses that people reach: what it says is for those who run the installation. Threads serve it, so
that it answers also while the process is busy.
"""

import os
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version
from threading import Thread

import structlog
from prometheus_client import CollectorRegistry, Metric, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from stillroom_core.telemetry import metrics
from stillroom_core.telemetry.metrics import Service

log = structlog.get_logger()

# Why this process is not ready, by what it depends on; empty when it is.
Ready = Callable[[], dict[str, str]]
# Whether it still does its work, where that can be told apart from answering here.
Alive = Callable[[], bool]
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"  # the library's own name


class _Own(Collector):
    """What the processes of a worker counted, and of that the metrics that a worker shows."""

    def __init__(self, service: Service, folder: str) -> None:
        self._names = {name.removesuffix("_total") for name, found in metrics.ALL.items() if service in found.services}
        self._all = MultiProcessCollector(None, folder)  # type: ignore[no-untyped-call]

    def collect(self) -> Iterator[Metric]:
        """Read anew at every look."""
        found: list[Metric] = list(self._all.collect())  # type: ignore[no-untyped-call]
        yield from (metric for metric in found if metric.name in self._names)


def registry_of(service: Service) -> CollectorRegistry:
    """What a process of this service shows; of a worker, what all its processes counted."""
    registry = CollectorRegistry()
    metrics.BUILD.labels(service, version("stillroom-core")).set(1)
    folder = os.environ.get(MULTIPROCESS)
    if folder:
        registry.register(_Own(service, folder))
    else:
        for found in metrics.ALL.values():
            if service in found.services:
                registry.register(found.metric)
    ProcessCollector(registry=registry)
    return registry


class Door:
    """Serves until it is closed."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        self.address: tuple[str, int] = (str(server.server_address[0]), int(server.server_address[1]))

    @classmethod
    def open(cls, bind: str, service: Service, ready: Ready, alive: Alive = lambda: True) -> "Door | None":
        """Listens at `address:port`; None for an empty one. Raises OSError where the address is taken."""
        if not bind:
            return None
        host, _, port = bind.rpartition(":")
        server = ThreadingHTTPServer((host.strip("[]") or "127.0.0.1", int(port)), _handler(service, ready, alive))
        server.daemon_threads = True
        Thread(target=server.serve_forever, name="operators-door", daemon=True).start()
        log.info("door.open", address=bind)
        return cls(server)

    def close(self) -> None:
        """Ends it."""
        self._server.shutdown()
        self._server.server_close()


def _handler(service: Service, ready: Ready, alive: Alive) -> type[BaseHTTPRequestHandler]:
    registry = registry_of(service)

    class Handler(BaseHTTPRequestHandler):
        timeout = 10  # of a caller who says nothing

        def do_GET(self) -> None:
            match self.path.partition("?")[0]:
                case "/metrics":
                    encode, kind = choose_encoder(self.headers.get("Accept", ""))
                    self._answer(200, encode(registry), kind)
                case "/livez":
                    self._answer(*((200, b"live\n") if alive() else (503, b"stuck\n")))
                case "/readyz":
                    reasons = ready()
                    lines = "".join(f"{what}: {why}\n" for what, why in reasons.items())
                    self._answer(503 if reasons else 200, (lines or "ready\n").encode())
                case _:
                    self._answer(404, b"/metrics, /livez and /readyz are here\n")

        def _answer(self, status: int, content: bytes, kind: str = "text/plain; charset=utf-8") -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_words: object) -> None:
            return  # who looks every few seconds is no news

    return Handler
