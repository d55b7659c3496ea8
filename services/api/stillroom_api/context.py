"""What one api process holds: settings, database and its replica, Valkey, queue, the door to the reader."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from redis.asyncio import Redis
from starlette.requests import HTTPConnection

from stillroom_api.audit.telling import remember_origin, tell_act
from stillroom_api.jobs.look import look_at_job
from stillroom_api.live.rights import Rights
from stillroom_api.reader import Reader
from stillroom_core.database import Database, Session
from stillroom_core.jobs.queue import CeleryQueue, Queue
from stillroom_core.jobs.readers import Readers
from stillroom_core.live.after_commit import telling
from stillroom_core.live.switchboard import Switchboard
from stillroom_core.replica import Replica
from stillroom_core.sessions.throttle import Throttle
from stillroom_core.settings import Settings
from stillroom_core.silence import open_broker


@dataclass
class Context:
    """The connections of this process, made at start-up and closed at its end."""

    settings: Settings
    database: Database
    replica: Replica
    redis: "Redis"
    queue: Queue
    throttle: Throttle
    reader: Reader
    switchboard: Switchboard
    readers: Readers
    rights: Rights

    @classmethod
    def open(cls, settings: Settings, queue: Queue | None = None) -> "Context":
        """Connects lazily: nothing is reached before the first request needs it."""
        database = Database.from_settings()
        redis = open_broker(settings.redis_url.get_secret_value())
        switchboard = Switchboard(settings.redis_url.get_secret_value())
        made = cls(
            settings,
            database,
            Replica.from_settings(settings, database),
            redis,
            queue or CeleryQueue(settings),
            Throttle(redis),
            Reader(settings),
            switchboard,
            Readers(database, switchboard, look_at_job),
            Rights(database, switchboard),
        )
        database.after_commit = telling(lambda: made.queue, redis)
        return made

    async def close(self) -> None:
        """Returns every connection."""
        await self.reader.close()
        await self.rights.close()
        await self.readers.close()
        await self.switchboard.close()
        await self.redis.aclose()
        await self.replica.close()
        await self.database.close()


def get_context(connection: HTTPConnection) -> Context:
    """The context of the application that serves this request."""
    context: Context = connection.app.state.context
    return context


ContextOf = Annotated[Context, Depends(get_context)]


async def open_transaction(connection: HTTPConnection, context: ContextOf) -> AsyncIterator[Session]:
    """One transaction a request, committed before the response is sent, with the entry of what it did."""
    async with context.database.unscoped() as session:
        connection.state.acting = remember_origin(connection, session)
        yield session
        await tell_act(connection, session)


def address_of(connection: HTTPConnection) -> str:
    """Where a request came from."""
    return connection.client.host if connection.client else ""


# scope="function": FastAPI runs the exit of a plain yield-dependency only after the response has started.
Transaction = Annotated[Session, Depends(open_transaction, scope="function")]
