"""A job's live stream over WebSocket: replay after the client's last number, then follow."""

import asyncio
import contextlib
import json
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect

from stillroom_api.authorization import authorized_job, bearer_token, same_origin
from stillroom_api.context import Context, get_context
from stillroom_api.jobs.reading import read_job
from stillroom_api.jobs.tickets import redeem_ticket
from stillroom_core.actors.permissions import Permission
from stillroom_core.errors import StillroomError, Unauthenticated
from stillroom_core.jobs import feed
from stillroom_core.members.models import User
from stillroom_core.sessions.service import person_behind

router = APIRouter()

_FIRST_MESSAGE = timedelta(seconds=10)
_CHECK_RIGHTS = timedelta(seconds=30)
# Application close codes: 4400 + the HTTP status that would have been the answer, less 400.
_UNAUTHENTICATED, _FORBIDDEN, _FOREIGN_ORIGIN = 4401, 4403, 1008


@router.websocket("/api/jobs/{job}/stream")
async def stream(socket: WebSocket, job: UUID, after: Annotated[int, Query(ge=0)] = 0) -> None:
    """Sends {"type": "events"}, {"type": "job"} and at last {"type": "end"}.

    A program proves itself by the Authorization header; a page by a ticket in its first message.
    """
    context = get_context(socket)
    origin = socket.headers.get("origin")
    header = "authorization" in socket.headers
    if (origin is None and not header) or (
        origin is not None and not same_origin(origin, socket, context.settings.public_url)
    ):
        await socket.close(_FOREIGN_ORIGIN)
        return
    await socket.accept()
    try:
        user_id = await _identify(context, socket, job, by_header=header)
        organization_id = await _authorize(context, user_id, job)
    except Unauthenticated:
        await socket.close(_UNAUTHENTICATED)
        return
    except (StillroomError, WebSocketDisconnect):
        await _close(socket, _FORBIDDEN)
        return
    sending = asyncio.create_task(_send(context, socket, user_id, organization_id, job, after))
    listening = asyncio.create_task(_until_gone(socket))
    rights = asyncio.create_task(_while_allowed(context, user_id, job))
    done, pending = await asyncio.wait({sending, listening, rights}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            task.result()
    await _close(socket, _FORBIDDEN if rights in done else 1000)


async def _identify(context: Context, socket: WebSocket, job: UUID, *, by_header: bool) -> UUID:
    if by_header:
        async with context.database.unscoped() as session:
            return (await person_behind(session, context.settings, bearer_token(socket))).id
    try:
        async with asyncio.timeout(_FIRST_MESSAGE.total_seconds()):
            message: Any = json.loads(await socket.receive_text())
        ticket = str(message["ticket"])
    except (TimeoutError, ValueError, KeyError, TypeError):
        raise Unauthenticated("ticket_missing", "The first message must hold a ticket.") from None
    user_id = await redeem_ticket(context.redis, ticket, job)
    if user_id is None:
        raise Unauthenticated("ticket_refused", "The ticket is unknown, used or for another job.")
    return user_id


async def _authorize(context: Context, user_id: UUID, job: UUID) -> UUID:
    async with context.database.unscoped() as session:
        person = await session.get(User, user_id)
        if person is None or person.disabled_at is not None:
            raise Unauthenticated("person_gone", "This person cannot sign in any more.")
        on = await authorized_job(session, person, job, Permission.JOB_READ)
        return on.placed.job.organization_id


async def _send(
    context: Context, socket: WebSocket, user_id: UUID, organization_id: UUID, job: UUID, after: int
) -> None:
    async for batch in feed.follow(context.database, context.redis, organization_id, job, after=after):
        if batch.events:
            await socket.send_json({"type": "events", "items": batch.events})
        if batch.job_changed:
            async with context.database.unscoped() as session:
                person = await session.get_one(User, user_id)
                on = await authorized_job(session, person, job, Permission.JOB_READ)
                content = await read_job(session, on.actor, on.placed)
            await socket.send_json({"type": "job", "job": content.model_dump(mode="json")})
        if batch.ended:
            await socket.send_json({"type": "end"})


async def _until_gone(socket: WebSocket) -> None:
    """Ends when the client leaves; what it sends is of no interest."""
    while True:
        await socket.receive_text()


async def _while_allowed(context: Context, user_id: UUID, job: UUID) -> None:
    """Ends as soon as the person may not read the job any more."""
    while True:
        await asyncio.sleep(_CHECK_RIGHTS.total_seconds())
        try:
            await _authorize(context, user_id, job)
        except StillroomError:
            return


async def _close(socket: WebSocket, code: int) -> None:
    # The client may have closed first; then there is nothing left to say.
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code)
