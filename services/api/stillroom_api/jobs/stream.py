"""A job's live stream over WebSocket: replay after the client's last number, then follow."""

import asyncio
import contextlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, WebSocket, WebSocketDisconnect

from stillroom_api.authorization import authorized_job, bind_token, person_or_token, same_origin
from stillroom_api.context import Context, get_context
from stillroom_api.jobs.reading import read_job
from stillroom_api.jobs.tickets import redeem_ticket
from stillroom_core.actors.acting import acting_in
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.errors import StillroomError, Unauthenticated
from stillroom_core.jobs import feed
from stillroom_core.members.models import User
from stillroom_core.tokens.service import present_owner, refused_token, token_by_id

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
        who = await _identify(context, socket, job, by_header=header)
        organization_id = await _authorize(context, who, job)
    except Unauthenticated:
        await socket.close(_UNAUTHENTICATED)
        return
    except (StillroomError, WebSocketDisconnect):
        await _close(socket, _FORBIDDEN)
        return
    sending = asyncio.create_task(_send(context, socket, who, organization_id, job, after))
    listening = asyncio.create_task(_until_gone(socket))
    rights = asyncio.create_task(_while_allowed(context, who, job))
    done, pending = await asyncio.wait({sending, listening, rights}, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            task.result()
    await _close(socket, _FORBIDDEN if rights in done else 1000)


@dataclass(frozen=True)
class _Who:
    """Who opened the stream, and with which API token."""

    user_id: UUID
    token_id: UUID | None = None


async def _identify(context: Context, socket: WebSocket, job: UUID, *, by_header: bool) -> _Who:
    if by_header:
        async with context.database.unscoped() as session:
            person = await person_or_token(socket, context, session)
            bounds = acting_in(session).bounds
            return _Who(person.id, bounds.scope.token_id if bounds else None)
    try:
        async with asyncio.timeout(_FIRST_MESSAGE.total_seconds()):
            message: Any = json.loads(await socket.receive_text())
        ticket = str(message["ticket"])
    except (TimeoutError, ValueError, KeyError, TypeError):
        raise Unauthenticated("ticket_missing", "The first message must hold a ticket.") from None
    user_id = await redeem_ticket(context.redis, ticket, job)
    if user_id is None:
        raise Unauthenticated("ticket_refused", "The ticket is unknown, used or for another job.")
    return _Who(user_id)


async def _authorize(context: Context, who: _Who, job: UUID) -> UUID:
    async with context.database.unscoped() as session:
        on = await authorized_job(session, await _present(session, who), job, Permission.JOB_READ)
        return on.placed.job.organization_id


async def _present(session: Session, who: _Who) -> User:
    """The person as they are now; raises Unauthenticated when they are gone, or the token is no longer good."""
    person = await session.get(User, who.user_id)
    if person is None or person.disabled_at is not None:
        raise Unauthenticated("person_gone", "This person cannot sign in any more.")
    if who.token_id is not None:
        token = await token_by_id(session, who.token_id)
        if token is None:
            raise refused_token()
        await present_owner(session, token)
        bind_token(session, token)
    return person


async def _send(context: Context, socket: WebSocket, who: _Who, organization_id: UUID, job: UUID, after: int) -> None:
    async for batch in feed.follow(context.database, context.redis, organization_id, job, after=after):
        if batch.events:
            await socket.send_json({"type": "events", "items": batch.events})
        if batch.job_changed:
            async with context.database.unscoped() as session:
                on = await authorized_job(session, await _present(session, who), job, Permission.JOB_READ)
                content = await read_job(session, on.actor, on.placed)
            await socket.send_json({"type": "job", "job": content.model_dump(mode="json")})
        if batch.ended:
            await socket.send_json({"type": "end"})


async def _until_gone(socket: WebSocket) -> None:
    """Ends when the client leaves; what it sends is of no interest."""
    while True:
        await socket.receive_text()


async def _while_allowed(context: Context, who: _Who, job: UUID) -> None:
    """Ends as soon as the person may not read the job any more."""
    while True:
        await asyncio.sleep(_CHECK_RIGHTS.total_seconds())
        try:
            await _authorize(context, who, job)
        except StillroomError:
            return


async def _close(socket: WebSocket, code: int) -> None:
    # The client may have closed first; then there is nothing left to say.
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code)
