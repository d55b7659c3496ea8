"""Our own PostgreSQL, recognised by what it calls itself when it answers as somebody's database."""

import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from stillroom_worker.egress import Target, address_refused
from stillroom_worker.failure import JobFailed
from stillroom_worker.room import Room
from stillroom_worker.target import Server

log = structlog.get_logger()

_ASK = text("select system_identifier::text, current_database() from pg_control_system()")


async def refuse_ours(room: Room, target: Target, found: Server) -> None:
    """Raises JobFailed where we have come to our own rows, by whatever name, port or tunnel.

    Outside development the whole server is ours; there it may hold databases to play with.
    """
    if room.own_system is None:
        room.own_system = await _ask(room)
    system, database = room.own_system
    if system and found.system == system and (not room.settings.development or found.database == database):
        raise JobFailed.of(address_refused(target))


async def _ask(room: Room) -> tuple[str, str]:
    try:
        async with room.database.unscoped() as session:
            row = (await session.execute(_ASK)).one()
    except DBAPIError as cause:  # hosted services may keep it to themselves: the addresses are judged all the same
        log.info("own_server.unknown", cause=type(cause.orig).__name__)
        return "", ""
    return row[0], row[1]
