"""What receives traces over OTLP/HTTP, as an operator's collector does."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@dataclass(frozen=True)
class Span:
    """One span as it arrived."""

    service: str
    name: str
    key: str
    parent: str
    trace: str
    attributes: dict[str, Any]
    status: int


@dataclass
class Collector:
    """Everything that arrived."""

    url: str
    bodies: list[bytes] = field(default_factory=list)

    def spans(self) -> list[Span]:
        """All spans so far."""
        return [span for body in list(self.bodies) for span in _read(body)]

    def tree(self, trace: str) -> dict[str, list[str]]:
        """Name of a span → names of those below it, in one trace; the root is below `""`."""
        spans = {span.key: span for span in self.spans() if span.trace == trace}
        found: dict[str, list[str]] = {}
        for span in spans.values():
            above = spans[span.parent].name if span.parent in spans else ""
            found.setdefault(above, []).append(span.name)
        return found


def _read(body: bytes) -> Iterator[Span]:
    request = ExportTraceServiceRequest.FromString(body)
    for resource in request.resource_spans:
        about = {item.key: item.value.string_value for item in resource.resource.attributes}
        for scope in resource.scope_spans:
            for span in scope.spans:
                attributes = {item.key: item.value.string_value or item.value.int_value for item in span.attributes}
                yield Span(
                    about["service.name"],
                    span.name,
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                    span.trace_id.hex(),
                    attributes,
                    span.status.code,
                )


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens until the block ends."""
    made = Collector("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.path == "/v1/traces"
            made.bodies.append(body)
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
