"""Walks the routes of an application, however deeply its routers are nested."""

from collections.abc import Iterator
from typing import Any

from fastapi.routing import APIRoute, APIWebSocketRoute


def routes_of(app: Any) -> Iterator[Any]:
    """Every API route; since FastAPI 0.165 `app.routes` holds included routers, not their routes."""
    for route in getattr(app, "routes", []):
        if isinstance(route, APIRoute | APIWebSocketRoute):
            yield route
        else:
            for name in ("router", "original_router", "app"):
                inner = getattr(route, name, None)
                if inner is not None and hasattr(inner, "routes"):
                    yield from routes_of(inner)
                    break
