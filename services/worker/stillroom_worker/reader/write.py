"""SQL that changes data: one statement in one transaction, beside no job, and told truthfully how it ended."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

import anyio
import asyncpg
import structlog

from stillroom_core.errors import Conflict, Invalid
from stillroom_core.masking import masked
from stillroom_core.writes.service import begin_write, end_write
from stillroom_worker.addresses import allowed_addresses
from stillroom_worker.cellwork import target_of
from stillroom_worker.failure import JobFailed
from stillroom_worker.reader.asked import Asked, Line
from stillroom_worker.reader.query import first_word, one_statement
from stillroom_worker.reader.refusals import refused
from stillroom_worker.target import SESSION_BROKE, connect, read_server, refuse_another, refuse_unwritable, try_lock

log = structlog.get_logger()

NAME = "stillroom:write"
_CHANGES = frozenset({"insert", "update", "delete", "merge", "with"})
_LOCK_TIMEOUT_MS = 3000
_CONNECTION = (asyncpg.PostgresConnectionError, asyncpg.exceptions.OperatorInterventionError)
_TRIES = 3


@dataclass
class _Ending:
    """What is known: until a commit was sent, nothing can have been kept."""

    state: str = "rolled_back"
    command: str = ""
    problem: dict[str, Any] | None = None

    @property
    def rows(self) -> int | None:
        """As PostgreSQL counts them at the end of its word."""
        last = self.command.rpartition(" ")[2]
        return int(last) if last.isdigit() else None


async def write(asked: Asked) -> AsyncIterator[Line]:
    """Runs it and says how it ended. The lock is the one that jobs take, on a connection of its own as theirs."""
    key, began, ending = UUID(asked.content["write"]), monotonic(), _Ending()
    if not await _begun(asked, key):
        raise Conflict("write_too_late", "This was asked for too long ago, and was not run.", fix="Ask again.")
    try:
        sql = _checked(asked.content["sql"])
        target = target_of(asked.database, asked.environment)
        locked = await connect(target, await allowed_addresses(asked.room.settings, target), name=NAME)
        try:
            await _lock(asked, locked)
            await _run(asked, locked, sql, ending)
        finally:
            locked.terminate()
    except (Conflict, Invalid, JobFailed) as failure:
        ending.problem = failure.as_dict()
        raise
    except SESSION_BROKE as cause:
        ending.problem = refused(cause)
        raise
    finally:
        # Whoever hung up still finds out what became of it.
        with anyio.CancelScope(shield=True):
            await _note(asked, key, ending)
    told = {"state": ending.state, "rows": ending.rows, "command": ending.command}
    yield {"write": str(key), **told, "ms": round((monotonic() - began) * 1000, 1)}


def _checked(sql: str) -> str:
    if first_word(sql) not in _CHANGES:
        raise Invalid(
            "not_a_write",
            "Here only data can be changed.",
            fix="Begin with insert, update, delete, merge or with. Tables and columns belong into a migration: "
            "the history would not know of them.",
        )
    return one_statement(sql)


async def _lock(asked: Asked, locked: "asyncpg.Connection") -> None:
    server = await read_server(locked)
    refuse_another(asked.database.server_identity, server.identity)
    refuse_unwritable(server)
    lock = await try_lock(locked)
    if not lock.held:
        raise Conflict(
            "database_busy",
            "A migration or another write runs on this database.",
            detail=f"The lock is held by {lock.holder}.",
            fix="Wait for it to end, and try again.",
        )


async def _run(asked: Asked, locked: "asyncpg.Connection", sql: str, ending: _Ending) -> None:
    session = asked.session
    # It was made for looking. Whether the user may write is again as the database says, which may have a reason.
    await session.execute("reset default_transaction_read_only")
    await session.execute(
        f"begin; set local statement_timeout = {int(asked.content['timeout_ms'])};"
        f" set local lock_timeout = {_LOCK_TIMEOUT_MS}"
    )
    try:
        await session.prepare(sql)  # takes one statement alone
        # The server ends it in time; the longer patience here is for a server that says nothing at all.
        ending.command = await session.execute(sql, timeout=int(asked.content["timeout_ms"]) / 1000 + 10)
        transaction = await session.fetchval("select pg_current_xact_id_if_assigned()::text")
    except asyncpg.PostgresError:
        await session.execute("rollback")
        raise
    if asked.content["rehearsal"]:
        await session.execute("rollback")
        return
    # From here on it may be kept: nobody who goes away leaves us without knowing.
    with anyio.CancelScope(shield=True):
        await _commit(session, locked, transaction, ending)


async def _commit(
    session: "asyncpg.Connection", locked: "asyncpg.Connection", transaction: str | None, ending: _Ending
) -> None:
    ending.state = "unknown"
    try:
        # PostgreSQL answers a commit of a transaction that failed with ROLLBACK, and without an error.
        word = await session.execute("commit")
        ending.state = "committed" if word == "COMMIT" else "rolled_back"
    except SESSION_BROKE as cause:
        if isinstance(cause, asyncpg.PostgresError) and not isinstance(cause, _CONNECTION):
            ending.state = "rolled_back"  # a constraint or trigger that waited for the commit
            raise
        ending.state = await _asked_again(locked, transaction)
        if ending.state == "rolled_back":
            raise


async def _asked_again(locked: "asyncpg.Connection", transaction: str | None) -> str:
    """The server remembers what became of a transaction, also where the connection that ran it broke."""
    if transaction is None:
        return "committed"  # it changed nothing
    for _ in range(_TRIES):
        try:
            status = await locked.fetchval("select pg_xact_status($1::text::xid8)", transaction)
        except SESSION_BROKE:
            return "unknown"
        if status != "in progress":
            return {"committed": "committed", "aborted": "rolled_back"}.get(status, "unknown")
        await anyio.sleep(1)
    return "unknown"


async def _begun(asked: Asked, key: UUID) -> bool:
    async with asked.room.database.transaction(asked.database.organization_id) as session:
        return await begin_write(session, asked.database, key)


async def _note(asked: Asked, key: UUID, ending: _Ending) -> None:
    async with asked.room.database.transaction(asked.database.organization_id) as session:
        problem = masked(ending.problem) if ending.problem else None
        await end_write(session, asked.database, key, state=ending.state, rows=ending.rows, problem=problem)
    log.info("write.ended", write=str(key), state=ending.state)
