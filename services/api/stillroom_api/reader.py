"""Asks the reader about a target database, and passes its answer on while it comes.

The asking happens when the response is sent, not in the route: by then the request's transaction is closed, so a slow
target costs no connection of our own database; and whoever goes away while it takes long ends it.
"""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import anyio
import httpx
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from stillroom_core.databases.models import Database
from stillroom_core.databases.questions import Question, sign_question
from stillroom_core.errors import Conflict, Invalid, StillroomError, Unavailable
from stillroom_core.settings import Settings
from stillroom_core.telemetry import metrics
from stillroom_core.telemetry.trail import REQUEST_ID, carried

Line = dict[str, Any]

# The reader itself ends what takes longer; this is for a reader that says nothing at all.
_TIMEOUT = httpx.Timeout(660, connect=5)
_KINDS: dict[int, type[StillroomError]] = {409: Conflict, 422: Invalid, 503: Unavailable}


class Reader:
    """The door to the reader; its connections are kept."""

    def __init__(self, settings: Settings, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._settings = settings
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=20)
        self._client = httpx.AsyncClient(
            base_url=settings.reader_url, timeout=_TIMEOUT, limits=limits, transport=transport, trust_env=False
        )

    async def ask(self, question: Question, name: str, content: Mapping[str, Any]) -> AsyncIterator[Line]:
        """The lines of the answer as they come, without the last; raises what the reader refused."""
        body = json.dumps(content).encode()
        headers = {
            "Authorization": f"Bearer {sign_question(self._settings, question, f'/{name}', body)}",
            REQUEST_ID: carried().get("request_id", ""),
        }
        try:
            async with self._client.stream("POST", f"/{name}", content=body, headers=headers) as answer:
                if answer.status_code != 200:
                    raise _away()
                async for text in answer.aiter_lines():
                    line: Line = json.loads(text)
                    if "error" in line:
                        metrics.READER_ASKED.labels("refused").inc()
                        raise _refused(line["error"])
                    if line == {"end": True}:
                        metrics.READER_ASKED.labels("answered").inc()
                        return
                    yield line
        except httpx.HTTPError:
            raise _away() from None
        raise _away()

    async def close(self) -> None:
        """Ends the connections to the reader."""
        await self._client.aclose()


@dataclass(frozen=True)
class Asked:
    """One question to the reader about one database, or about a place that is none yet."""

    reader: Reader
    question: Question
    name: str
    content: Mapping[str, Any]

    @classmethod
    def of(cls, reader: Reader, database: Database, name: str, content: Mapping[str, Any] | None = None) -> "Asked":
        """About this database."""
        return cls(reader, Question(database.organization_id, database.id), name, content or {})

    @classmethod
    def elsewhere(cls, reader: Reader, organization_id: UUID, name: str, content: Mapping[str, Any]) -> "Asked":
        """About a place that somebody of this organization names."""
        return cls(reader, Question(organization_id, None), name, content)

    def lines(self) -> AsyncIterator[Line]:
        """The answer."""
        return self.reader.ask(self.question, self.name, self.content)


class Told(Response):
    """A response that is asked for while it is sent: the first line decides between an answer and a problem."""

    def __init__(
        self, asked: Asked, tell: Callable[[Line], bytes], media_type: str, headers: Mapping[str, str] | None = None
    ) -> None:
        self._asked = asked
        self._tell = tell
        self.status_code = 200
        self.media_type = media_type
        self.background = None
        self.body = b""
        self.init_headers(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends; raises a StillroomError only before anything was sent."""
        trouble: list[StillroomError] = []
        async with anyio.create_task_group() as group:

            async def tell() -> None:
                try:
                    await self._send(send)
                except StillroomError as refused:
                    trouble.append(refused)
                group.cancel_scope.cancel()

            async def listen() -> None:
                while (await receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()

            group.start_soon(tell)
            group.start_soon(listen)
        if trouble:
            raise trouble[0]

    async def _send(self, send: Send) -> None:
        headers = [entry for entry in self.raw_headers if entry[0] != b"content-length"]
        begun = False
        try:
            async for line in self._asked.lines():
                if not begun:
                    await send({"type": "http.response.start", "status": 200, "headers": headers})
                    begun = True
                await send({"type": "http.response.body", "body": self._tell(line), "more_body": True})
        except StillroomError as refused:
            if not begun:
                raise
            error = {**refused.as_dict(), "status": refused.status, "position": refused.params.get("position")}
            await send({"type": "http.response.body", "body": self._tell({"error": error}), "more_body": True})
        if not begun:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def as_json(asked: Asked, shape: type[BaseModel]) -> Response:
    """An answer of one line, as this shape."""
    return Told(asked, lambda line: shape.model_validate(line).model_dump_json().encode(), "application/json")


def as_lines(asked: Asked) -> Response:
    """The lines as they come; one {"error": …} is the last where it broke off."""
    return Told(
        asked,
        lambda line: json.dumps(line, ensure_ascii=False).encode() + b"\n",
        "application/x-ndjson",
        {"X-Accel-Buffering": "no", "Cache-Control": "no-store"},
    )


def _away() -> Unavailable:
    metrics.READER_ASKED.labels("away").inc()
    return Unavailable(
        "reader_away",
        "Databases cannot be looked into just now.",
        fix="Try again in a moment; if it lasts, tell the operator that the reader does not answer.",
    )


def _refused(error: Mapping[str, Any]) -> StillroomError:
    kind = _KINDS.get(error["status"], Unavailable)
    position = {"position": error["position"]} if error.get("position") else {}
    return kind(error["code"], error["title"], detail=error["detail"], fix=error["fix"], params=position)
