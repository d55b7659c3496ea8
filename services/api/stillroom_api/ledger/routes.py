"""The ledger of a database: look at it, take it away."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse

from stillroom_api.authorization import InEnvironment, in_environment
from stillroom_api.context import ContextOf, Transaction
from stillroom_api.databases.routes import find
from stillroom_api.ledger.export import csv_of
from stillroom_api.ledger.schemas import Ledger, LedgerEntry
from stillroom_core.actors.permissions import Permission
from stillroom_core.ledger.service import Cursor, read_ledger

router = APIRouter(
    prefix="/api/orgs/{org}/projects/{project}/environments/{environment}/databases/{database}/ledger", tags=["ledger"]
)

Reading = Annotated[InEnvironment, in_environment(Permission.JOB_READ)]


@router.get("")
async def get_ledger(
    database: UUID,
    context: ContextOf,
    session: Transaction,
    where: Reading,
    cursor: Annotated[str | None, Query(max_length=100, description="next_cursor of the page before")] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Ledger:
    """What changed a database, newest first: jobs, and what was found to have been run elsewhere."""
    found = await find(session, where, database)
    before = Cursor.parsed(cursor) if cursor else None
    entries = await context.replica.read(
        session, lambda reading: read_ledger(reading, where.actor, found, before=before, limit=limit + 1)
    )
    page = entries[:limit]
    return Ledger(
        items=[LedgerEntry.of(entry) for entry in page],
        next_cursor=str(page[-1].cursor) if len(entries) > limit else None,
    )


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export_ledger(database: UUID, context: ContextOf, session: Transaction, where: Reading) -> StreamingResponse:
    """The whole ledger as a CSV file, a line for each revision, newest first."""
    return csv_of(context, where.actor, await find(session, where, database))
