"""Writes the OpenAPI document: `python -m stillroom_api.openapi > web/openapi.json`."""

import base64
import json
import sys
from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, APIWebSocketRoute

from stillroom_api.main import create_app
from stillroom_core.settings import Settings


def application() -> FastAPI:
    """An application that is never started: no server is needed to describe one."""
    settings = Settings.model_validate(
        {
            "DATABASE_URL": "postgresql://localhost/none",
            "REDIS_URL": "redis://:none@localhost",
            "STILLROOM_SECRET_KEY": "0" * 32,
            "STILLROOM_SEALING_KEYS": "none:" + base64.b64encode(bytes(32)).decode(),
            "STILLROOM_DATA_DIR": ".",
            "STILLROOM_WEB_DIR": "",
        }
    )
    return create_app(settings)


def document() -> dict[str, object]:
    """The OpenAPI document."""
    return dict(application().openapi())


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


if __name__ == "__main__":
    json.dump(document(), sys.stdout, indent=2, sort_keys=True)
    sys.stdout.write("\n")
