"""Writes: have one run, and see what became of those before."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from stillroom_api.authorization import InEnvironment, in_environment
from stillroom_api.context import ContextOf, Transaction
from stillroom_api.databases.routes import find
from stillroom_api.reader import Asked, as_json
from stillroom_api.writes.schemas import WriteDone, WriteNew, WriteRead, Writes
from stillroom_core.actors.permissions import Permission
from stillroom_core.writes import service

router = APIRouter(
    prefix="/api/orgs/{org}/projects/{project}/environments/{environment}/databases/{database}/writes", tags=["writes"]
)

Writing = Annotated[InEnvironment, in_environment(Permission.SQL_WRITE)]


@router.get("")
async def list_writes(
    database: UUID,
    session: Transaction,
    where: Writing,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> Writes:
    """What people had run on the database, the latest first, and how each ended."""
    found = await service.list_writes(
        session, where.actor, await find(session, where, database), before=cursor, limit=limit + 1
    )
    page = found[:limit]
    return Writes(items=[WriteRead.of(one) for one in page], next_cursor=page[-1].id if len(found) > limit else None)


@router.post("", response_model=WriteDone)
async def write_database(
    database: UUID, body: WriteNew, session: Transaction, context: ContextOf, where: Writing
) -> Response:
    """Runs one statement that changes data, in a transaction of its own; hanging up rolls it back."""
    found = await find(session, where, database)
    asked = await service.ask_write(
        session,
        where.actor,
        where.project,
        where.environment,
        found,
        sql=body.sql,
        named=body.database_name,
        rehearsal=body.rehearsal,
    )
    content = {**body.model_dump(include={"sql", "rehearsal", "timeout_ms"}), "write": str(asked.id)}
    return as_json(Asked.of(context.reader, found, "write", content), WriteDone)
