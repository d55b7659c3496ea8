"""The live connection: its ticket, and the WebSocket."""

from typing import Any

from fastapi import APIRouter, Request, WebSocket, WebSocketDisconnect
from redis.exceptions import RedisError

from stillroom_api.authorization import Person, bearer_token, same_origin
from stillroom_api.context import Context, ContextOf, get_context
from stillroom_api.live.connection import AWAY, UNAUTHENTICATED, Connection, close, receive
from stillroom_api.live.identity import identity_by_header
from stillroom_api.live.rights import Identity
from stillroom_api.live.schemas import Ticket
from stillroom_api.live.tickets import TICKET_LIFE, issue_ticket, redeem_ticket
from stillroom_core.database import is_outage
from stillroom_core.errors import Unauthenticated
from stillroom_core.sessions.tokens import read

router = APIRouter(prefix="/api/live", tags=["live"])

_FIRST_MESSAGE = 10.0
_FOREIGN_ORIGIN = 1008


@router.post("/ticket")
async def make_ticket(request: Request, context: ContextOf, person: Person) -> Ticket:
    """A single-use ticket for the WebSocket /api/live, because browsers cannot send a header there."""
    ticket = await issue_ticket(context.redis, read(context.settings, bearer_token(request)))
    return Ticket(ticket=ticket, expires_in=int(TICKET_LIFE.total_seconds()))


@router.websocket("")
async def live(socket: WebSocket) -> None:
    """Everything that changes, by topics; docs/live.md has the messages.

    A program proves itself by the Authorization header; a page by a ticket in its first message.
    """
    context = get_context(socket)
    origin = socket.headers.get("origin")
    by_header = "authorization" in socket.headers
    if (origin is None and not by_header) or (
        origin is not None and not same_origin(origin, socket, context.settings.public_url)
    ):
        await socket.close(_FOREIGN_ORIGIN)
        return
    await socket.accept()
    try:
        async with context.rights.guest(await _identity(context, socket, by_header=by_header)) as guest:
            await Connection(context, socket, guest).serve()
    except Unauthenticated:
        await close(socket, UNAUTHENTICATED)
    except WebSocketDisconnect:
        return
    except Exception as error:
        if not (is_outage(error) or isinstance(error, RedisError)):
            raise
        await close(socket, AWAY)  # our own servers are away: the client comes again by itself


async def _identity(context: Context, socket: WebSocket, *, by_header: bool) -> Identity:
    if by_header:
        return await identity_by_header(socket, context)
    try:
        message: Any = await receive(socket, patience=_FIRST_MESSAGE)
        ticket = str(message["ticket"])
    except (TimeoutError, ValueError, KeyError, TypeError):
        raise Unauthenticated("ticket_missing", "The first message must hold a ticket.") from None
    claims = await redeem_ticket(context.redis, ticket)
    if claims is None:
        raise Unauthenticated("ticket_refused", "The ticket is unknown, used or expired.")
    return Identity(claims.user_id, claims=claims)
