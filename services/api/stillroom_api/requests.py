"""What is told of every request: its id, a line in the log, its metrics, its span; plain ASGI, around all others."""

from time import perf_counter

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stillroom_core.telemetry import metrics, traces, trail

log = structlog.get_logger()

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every few seconds by whoever watches the process.
_PROBES = frozenset({"/livez", "/readyz"})
_HEADER = trail.REQUEST_ID
OTHER = "other"
# What nginx calls it: whoever asked went away, and nothing was answered. No error of ours.
HUNG_UP = 499


class Requests:
    """Gives each request an id, or keeps the one that it came with, and tells how it was answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one request or one WebSocket."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope)
        request_id = trail.accepted(given.get(_HEADER))
        scope.setdefault("state", {})["request_id"] = request_id
        came = traces.believed({"traceparent": given.get("traceparent")})
        # Not taken back at the end: the request's task ends with it, and its mistakes are told outside of here.
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        with traces.below(came):
            if scope["type"] == "http":
                await self._told(scope, receive, send, request_id)
            else:
                await self._app(scope, receive, send)

    async def _told(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        status, begun = 500, False

        async def sending(message: Message) -> None:
            nonlocal status, begun
            if message["type"] == "http.response.start":
                status, begun = message["status"], True
                MutableHeaders(scope=message)[_HEADER] = request_id
            await send(message)

        method = scope["method"] if scope["method"] in _METHODS else "other"
        began = perf_counter()
        with traces.span(method, server=True, http__request__method=method, stillroom__request_id=request_id) as span:
            metrics.REQUESTS_IN_FLIGHT.inc()
            try:
                await self._app(scope, receive, sending)
                if not begun:
                    status = HUNG_UP
            finally:
                metrics.REQUESTS_IN_FLIGHT.dec()
                route, passed = route_of(scope), perf_counter() - began
                metrics.REQUESTS.labels(method, route, str(status)).inc()
                metrics.REQUEST_SECONDS.labels(method, route).observe(passed)
                if span is not None:
                    span.update_name(f"{method} {route}")
                    span.set_attributes({"http.route": route, "http.response.status_code": status})
                    if status >= 500:
                        traces.fail(span, str(status))
                if route not in _PROBES or status >= 500:
                    milliseconds = round(passed * 1000, 1)
                    # Paths hold names of tenants: of what has a route, its template is enough.
                    path = {"path": scope["path"]} if route == OTHER else {}
                    log.info("request", method=method, route=route, status=status, ms=milliseconds, **path)


def route_of(scope: Scope) -> str:
    """The template of the route that a request met; `other` for files of the web and for what there is not."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) and path.startswith(("/api", "/livez", "/readyz")) else OTHER
