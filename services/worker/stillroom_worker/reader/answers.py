"""Every question that the reader answers, by name."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from stillroom_worker.catalogue import keep_reading, read_catalogue
from stillroom_worker.overview.ask import health, live
from stillroom_worker.reader.activity import activity, end_session
from stillroom_worker.reader.asked import Asked, Line
from stillroom_worker.reader.host_keys import host_keys
from stillroom_worker.reader.query import explain, query
from stillroom_worker.reader.rows import rows, stream
from stillroom_worker.reader.write import write
from stillroom_worker.room import Room


@dataclass(frozen=True)
class Answer:
    """How a question is answered. A session that strangers' SQL has run in is not used again."""

    ask: Callable[[Asked], AsyncIterator[Line]]
    keeps_session: bool = True


async def _catalogue(asked: Asked) -> AsyncIterator[Line]:
    """Reads the whole catalogue and stores it; the api reads it from our own database."""
    found = await read_catalogue(asked.session)
    await keep_reading(asked.room, asked.database, found)
    yield {"objects": len(found.listing)}


async def _live(asked: Asked) -> AsyncIterator[Line]:
    """What moves in the database."""
    yield await live(asked.session)


async def _health(asked: Asked) -> AsyncIterator[Line]:
    """What has grown in it; statements may quote values, so who looks through masks sees none."""
    found = await health(asked.session)
    if asked.content["masks"] and found["statements"] is not None:
        found["statements"] = [{**one, "query": None} for one in found["statements"]]
    yield found


ANSWERS: dict[str, Answer] = {
    "catalogue": Answer(_catalogue),
    "overview": Answer(_live),
    "health": Answer(_health),
    "activity": Answer(activity),
    "end-session": Answer(end_session),
    "rows": Answer(rows, keeps_session=False),
    "stream": Answer(stream, keeps_session=False),
    "query": Answer(query, keeps_session=False),
    "explain": Answer(explain, keeps_session=False),
    "write": Answer(write, keeps_session=False),
}

# About a place that is no database yet: no connection is lent for these.
ELSEWHERE: dict[str, Callable[[Room, dict[str, Any]], AsyncIterator[Line]]] = {"host-keys": host_keys}
