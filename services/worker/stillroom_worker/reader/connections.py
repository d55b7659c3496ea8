"""A few connections to each target, lent for one question and kept a little while for the next."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any
from uuid import UUID

import asyncpg

from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.errors import StillroomError
from stillroom_core.settings import Settings
from stillroom_worker.addresses import allowed_addresses
from stillroom_worker.cellwork import target_of
from stillroom_worker.failure import JobFailed
from stillroom_worker.target import connect

NAME = "stillroom:reader"
PER_DATABASE = 4
IN_ALL = 200
_PATIENCE = timedelta(seconds=10)
_KEPT = timedelta(seconds=30)
_CLOSE_WITHIN = 5.0


@dataclass
class _Slot:
    """The connections of one database."""

    free: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(PER_DATABASE))
    idle: list[tuple["asyncpg.Connection", float]] = field(default_factory=list)
    settings: tuple[Any, ...] = ()
    waiting: int = 0


class Connections:
    """All connections of this process to targets."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._slots: dict[UUID, _Slot] = {}
        self._all = asyncio.Semaphore(IN_ALL)
        self._closing: set[asyncio.Task[None]] = set()
        self._sweeping: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def lend(
        self, database: Database, environment: Environment, *, keep: bool = True
    ) -> AsyncIterator["asyncpg.Connection"]:
        """A connection outside of any transaction, made for looking. With `keep` false it ends with the block.

        Raises JobFailed where the target cannot be reached, or where too many questions are open on it.
        """
        slot = self._slots.setdefault(database.id, _Slot())
        slot.waiting += 1
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                await slot.free.acquire()
        except TimeoutError:
            raise JobFailed(
                "reader_busy",
                "Too many questions are open on this database.",
                f"At most {PER_DATABASE} are answered at a time, so that looking never hurts it.",
                "Wait for one of them to end, or cancel it.",
            ) from None
        finally:
            slot.waiting -= 1
        try:
            async with self._all:
                connection = await self._take(slot, database, environment)
                clean = False
                try:
                    yield connection
                    clean = True
                except (asyncpg.PostgresError, StillroomError, JobFailed):
                    clean = True
                    raise
                finally:
                    self._give_back(slot, connection, keep=keep and clean)
        finally:
            slot.free.release()

    async def close(self) -> None:
        """Ends every connection."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        for slot in self._slots.values():
            for connection, _ in slot.idle:
                self._end(connection)
        if self._closing:
            await asyncio.wait(self._closing, timeout=_CLOSE_WITHIN)

    async def _take(self, slot: _Slot, database: Database, environment: Environment) -> "asyncpg.Connection":
        if self._sweeping is None:
            self._sweeping = asyncio.create_task(self._sweep())
        present = _settings_of(database, environment)
        if slot.settings != present:  # another password, another place: nothing of the former is used again
            for connection, _ in slot.idle:
                self._end(connection)
            slot.idle.clear()
            slot.settings = present
        while slot.idle:
            connection, _ = slot.idle.pop()
            if not connection.is_closed():
                return connection
        target = target_of(database, environment)
        return await connect(target, await allowed_addresses(self._settings, target), name=NAME, looks=True)

    def _give_back(self, slot: _Slot, connection: "asyncpg.Connection", *, keep: bool) -> None:
        # A question that was broken off may still be at work: only an end is a clean state.
        if keep and not connection.is_closed() and not connection.is_in_transaction():
            slot.idle.append((connection, monotonic()))
        else:
            self._end(connection)

    def _end(self, connection: "asyncpg.Connection") -> None:
        task = asyncio.create_task(_ended(connection))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _sweep(self) -> None:
        """Ends what nobody used for a while, and forgets databases that nobody asks about."""
        while True:
            await asyncio.sleep(_KEPT.total_seconds() / 2)
            before = monotonic() - _KEPT.total_seconds()
            for key, slot in list(self._slots.items()):
                for entry in [entry for entry in slot.idle if entry[1] < before]:
                    slot.idle.remove(entry)
                    self._end(entry[0])
                if not slot.idle and not slot.waiting and slot.free._value == PER_DATABASE:
                    del self._slots[key]


def _settings_of(database: Database, environment: Environment) -> tuple[Any, ...]:
    return (
        *(database.host, database.port, database.database, database.username, database.password_sealed),
        *(database.sslmode, database.ca_certificate, database.client_certificate, database.client_key_sealed),
        *(environment.tunnel, environment.tunnel_key_sealed),
    )


async def _ended(connection: "asyncpg.Connection") -> None:
    """Closes in peace: asyncpg first has the server cancel what still runs."""
    try:
        await connection.close(timeout=_CLOSE_WITHIN)
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError):
        connection.terminate()
