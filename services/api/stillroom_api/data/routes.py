"""Data: rows of a table, the same as a file, SQL that reads, and its plan.

They are asked by POST: what people look for does not belong into an address, which ends in logs.
"""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter
from starlette.responses import Response

from stillroom_api.authorization import InEnvironment, in_environment
from stillroom_api.context import ContextOf, Transaction
from stillroom_api.data.files import as_file
from stillroom_api.data.schemas import ExplainRequest, QueryPlan, QueryRequest, RowsExport, RowsPage, RowsQuery
from stillroom_api.databases.routes import find
from stillroom_api.masks.looking import masked
from stillroom_api.reader import Asked, as_json, as_lines
from stillroom_core.actors.permissions import Permission

log = structlog.get_logger()

router = APIRouter(
    prefix="/api/orgs/{org}/projects/{project}/environments/{environment}/databases/{database}", tags=["data"]
)


@router.post("/rows", response_model=RowsPage)
async def read_rows(
    database: UUID,
    body: RowsQuery,
    session: Transaction,
    context: ContextOf,
    where: Annotated[InEnvironment, in_environment(Permission.DATA_READ)],
) -> Response:
    """A page of a table's rows."""
    found = await find(session, where, database)
    return as_json(Asked.of(context.reader, found, "rows", await masked(session, where, body.asked())), RowsPage)


@router.post("/rows/export", response_class=Response)
async def export_rows(
    database: UUID,
    body: RowsExport,
    session: Transaction,
    context: ContextOf,
    where: Annotated[InEnvironment, in_environment(Permission.DATA_READ)],
) -> Response:
    """The rows as a file that begins at once."""
    found = await find(session, where, database)
    log.info("rows.exported", database=str(found.id), actor=str(where.actor.user_id), table=body.table)
    content = await masked(session, where, body.asked())
    return as_file(Asked.of(context.reader, found, "stream", content), file_format=body.format, name=body.table)


@router.post("/query", response_class=Response)
async def run_query(
    database: UUID,
    body: QueryRequest,
    session: Transaction,
    context: ContextOf,
    where: Annotated[InEnvironment, in_environment(Permission.SQL_READ)],
) -> Response:
    """Runs SQL that reads; answers in lines of JSON: columns, rows in chunks, what it took. Hanging up cancels it."""
    found = await find(session, where, database)
    log.info("query.asked", database=str(found.id), actor=str(where.actor.user_id))
    return as_lines(Asked.of(context.reader, found, "query", await masked(session, where, body.model_dump())))


@router.post("/query/explain", response_model=QueryPlan)
async def explain_query(
    database: UUID,
    body: ExplainRequest,
    session: Transaction,
    context: ContextOf,
    where: Annotated[InEnvironment, in_environment(Permission.SQL_READ)],
) -> Response:
    """The plan of a query, measured or estimated."""
    found = await find(session, where, database)
    return as_json(
        Asked.of(context.reader, found, "explain", await masked(session, where, body.model_dump())), QueryPlan
    )
