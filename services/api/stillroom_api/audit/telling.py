"""What a request is called in the audit log, and when it gets there.

Every request that may change something writes one entry in its own transaction; every refusal writes one in a
transaction of its own. A route needs to do nothing for it: who acts is known where the request is authorized.
"""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection

from stillroom_core.actors.acting import Acting, Origin, acting_in
from stillroom_core.audit.changes import noun_of
from stillroom_core.audit.service import write_act, write_refusal
from stillroom_core.database import Database, Session
from stillroom_core.errors import Forbidden

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_LOOKS_TOLD_EVERY = timedelta(hours=1)
_DATABASE = "/api/orgs/{org}/projects/{project}/environments/{environment}/databases/{database}"
# It opens a stream that reading allows anyway; it reads a catalogue again.
UNTOLD = frozenset({"/api/live/ticket", f"{_DATABASE}/catalogue/read"})
# Where the name of a function does not say it as verb_noun.
_NAMES = {
    "plan_move": "plan.create",
    "plan_resume": "plan.create",
    "read_current": "job.current",
    "send_again": "invitation.send",
    "accept_as_new": "invitation.accept",
    "put_in_group": "group.add_member",
    "take_from_group": "group.remove_member",
    "set_role_of_group": "group_role.set",
}
_NOUNS = {"migrations": "job"}


def action_of(route: APIRoute) -> str:
    """noun.verb: from a function's name verb_noun, or from its name and the slice that it belongs to."""
    if route.name in _NAMES:
        return _NAMES[route.name]
    verb, _, noun = route.name.partition("_")
    slice_name = str(route.tags[0]) if route.tags else "route"
    return f"{noun or _NOUNS.get(slice_name) or noun_of(slice_name)}.{verb}"


def remember_origin(connection: HTTPConnection, session: Session) -> Acting:
    """Keeps with the session where its request came from."""
    acting = acting_in(session)
    address = connection.client.host if connection.client else ""
    acting.origin = Origin(
        address=address,
        request_id=getattr(connection.state, "request_id", ""),
        user_agent=connection.headers.get("user-agent", ""),
    )
    return acting


async def tell_act(connection: HTTPConnection, session: Session) -> None:
    """Writes the entry of a request that has done what it should."""
    route = connection.scope.get("route")
    if connection.scope.get("method", "GET") in _READING or not isinstance(route, APIRoute) or route.path in UNTOLD:
        return
    await write_act(session, action_of(route), connection.path_params)


def tell_after(connection: HTTPConnection, telling: Callable[[], Awaitable[None]]) -> None:
    """Tells of a refusal once it was answered: the time of the answer must not show whether there was an account."""
    connection.state.after = telling


async def tell_refusal(connection: HTTPConnection, database: Database, error: Forbidden) -> None:
    """Writes the entry of a request that was refused to somebody known."""
    acting: Acting | None = getattr(connection.state, "acting", None)
    route = connection.scope.get("route")
    if acting is None or acting.actor is None or not isinstance(route, APIRoute):
        return
    reason = str(error.params.get("permission") or error.code)
    # A page that is open asks on and on, and its log would be nothing but that one refusal.
    looks = acting.actor.barred and connection.scope.get("method", "GET") in _READING
    once = _LOOKS_TOLD_EVERY if looks else None
    action, path = action_of(route), connection.path_params
    async with database.transaction(acting.actor.organization_id) as session:
        await write_refusal(session, acting.actor, acting.origin, action, path, reason, once=once)
