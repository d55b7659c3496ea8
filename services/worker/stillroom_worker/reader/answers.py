"""Every question that the reader answers, by name."""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import asyncpg

from stillroom_core.databases.models import Database
from stillroom_worker.catalogue.keep import keep_reading
from stillroom_worker.catalogue.read import read_catalogue
from stillroom_worker.room import Room

Line = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One question: where, on which connection, with which content."""

    room: Room
    database: Database
    session: "asyncpg.Connection"
    content: dict[str, Any]


@dataclass(frozen=True)
class Answer:
    """How a question is answered. A session that strangers' SQL has run in is not used again."""

    ask: Callable[[Asked], AsyncIterator[Line]]
    keeps_session: bool = True


async def _catalogue(asked: Asked) -> AsyncIterator[Line]:
    """Reads the whole catalogue and stores it; the api reads it from our own database."""
    reading = await read_catalogue(asked.session)
    await keep_reading(asked.room, asked.database, reading)
    yield {"objects": len(reading.listing)}


ANSWERS: dict[str, Answer] = {"catalogue": Answer(_catalogue)}
