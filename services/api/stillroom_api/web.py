"""Serves the built web beside the API, for installations without a web server of their own."""

from pathlib import Path

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_FOREVER = "public, max-age=31536000, immutable"  # file names under assets/ carry a hash of their content


class SinglePage(StaticFiles):
    """Static files; every other path is the application itself, which routes in the browser."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file, or index.html for a page; a missing asset or API path stays a 404."""
        try:
            response = await super().get_response(path, scope)
        except HTTPException as missing:
            if missing.status_code != 404 or path.startswith(("api/", "assets/")):
                raise
            response = await super().get_response("index.html", scope)
        cached = path.startswith("assets/")
        response.headers["Cache-Control"] = _FOREVER if cached else "no-cache"
        return response


def install(app: FastAPI, folder: Path) -> None:
    """Mounts the web behind every other route."""
    app.mount("/", SinglePage(directory=folder, html=True), name="web")
