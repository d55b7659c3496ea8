"""The reader's HTTP: one signed question in, lines of JSON out, a broken connection cancels.

An answer is a stream of JSON lines. The last one is {"end": …}, or {"error": …} with the four texts that people see;
an answer without either was cut off.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import structlog
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

import stillroom_core.models  # noqa: F401 - registers every table
from stillroom_core.audit.tampering import tell_misplaced
from stillroom_core.databases.models import Database
from stillroom_core.databases.questions import MEDIA_TYPE, NotBelieved, Question, read_question
from stillroom_core.environments.models import Environment
from stillroom_core.errors import StillroomError
from stillroom_core.health import examine
from stillroom_core.masking import keeping_secrets, masked
from stillroom_core.settings import Settings
from stillroom_core.telemetry import metrics
from stillroom_core.telemetry.door import Door
from stillroom_core.telemetry.pools import tell_pool
from stillroom_core.telemetry.trail import REQUEST_ID, Trail, believed, following
from stillroom_worker.egress import EgressRefused
from stillroom_worker.failure import JobFailed
from stillroom_worker.reader.answers import ANSWERS, ELSEWHERE
from stillroom_worker.reader.asked import Asked, Line
from stillroom_worker.reader.connections import Connections
from stillroom_worker.reader.refusals import refused
from stillroom_worker.room import Room
from stillroom_worker.target import SESSION_BROKE

log = structlog.get_logger()
_BODY_LIMIT = 1024 * 1024


def create_app(settings: Settings, room: Room | None = None) -> Starlette:
    """The application; `room` is given by tests, which keep it."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.room = room or await Room.open(settings, runs_jobs=False)
        app.state.connections = Connections(settings)
        tell_pool(app.state.room.database)
        door = Door.open(settings.operator_bind, "reader", lambda: examine(settings))
        yield
        if door is not None:
            door.close()
        await app.state.connections.close()
        if room is None:
            await app.state.room.close()

    return Starlette(routes=[Route("/livez", _alive), Route("/{name}", _ask, methods=["POST"])], lifespan=lifespan)


async def _alive(_request: Request) -> Response:
    return PlainTextResponse("ok")


async def _ask(request: Request) -> Response:
    room: Room = request.app.state.room
    name = request.path_params["name"]
    if name not in ANSWERS and name not in ELSEWHERE:
        return PlainTextResponse("no such question", 404)
    body = await _body(request)
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        question = read_question(room.settings, token, request.url.path, body)
    except NotBelieved:
        return PlainTextResponse("not believed", 401)
    trail = believed({"request_id": request.headers.get(REQUEST_ID)})
    lines = _lines(request.app.state.connections, room, question, name, json.loads(body), trail)
    return StreamingResponse(lines, media_type=MEDIA_TYPE)


async def _body(request: Request) -> bytes:
    read = bytearray()
    async for part in request.stream():
        read += part
        if len(read) > _BODY_LIMIT:
            return b""  # its sum fits no token
    return bytes(read)


async def _lines(
    connections: Connections, room: Room, question: Question, name: str, content: dict[str, Any], trail: Trail
) -> AsyncIterator[bytes]:
    asked_for = {"organization": str(question.organization_id), "database": str(question.database_id or "")}
    with keeping_secrets(), following(trail, **asked_for):
        async for line in _answered(connections, room, question, name, content):
            yield json.dumps(line, ensure_ascii=False, default=str).encode() + b"\n"


async def _answered(
    connections: Connections, room: Room, question: Question, name: str, content: dict[str, Any]
) -> AsyncIterator[Line]:
    end: Line = {"end": True}
    try:
        if elsewhere := ELSEWHERE.get(name):
            async for line in elsewhere(room, content):
                yield line
        else:
            answer = ANSWERS[name]
            database, environment = await _place(room, question)
            async with connections.lend(database, environment, keep=answer.keeps_session) as session:
                async for line in answer.ask(Asked(room, database, environment, session, content)):
                    yield line
    except (JobFailed, EgressRefused) as failure:
        end = {"error": {**JobFailed.of(failure).as_dict(), "status": 503}}
    except StillroomError as failure:
        end = {"error": {**failure.as_dict(), "status": failure.status}}
    except SESSION_BROKE as cause:
        end = {"error": refused(cause)}
    except asyncio.CancelledError:
        raise
    except Exception:
        log.exception("reader.broke", database=str(question.database_id))
        end = {"error": {**INTERNAL.as_dict(), "status": 500}}
    ask = ELSEWHERE.get(name) or ANSWERS[name].ask
    metrics.ANSWERS.labels(ask.__name__.lstrip("_"), "refused" if "error" in end else "answered").inc()
    await tell_misplaced(room.database)
    yield masked(end)


INTERNAL = JobFailed("internal", "Stillroom itself failed while it looked into the database.", fix="Try again.")


async def _place(room: Room, question: Question) -> tuple[Database, Environment]:
    async with room.database.transaction(question.organization_id) as session:
        found = await session.scalar(
            select(Database).where(
                Database.id == question.database_id, Database.organization_id == question.organization_id
            )
        )
        if found is None:
            raise JobFailed("no_such_database", "The database is not in Stillroom any more.")
        return found, await session.get_one(Environment, found.environment_id)
