"""Activity: the sessions of a database, and ending one."""

from typing import Annotated
from uuid import UUID

import structlog
from fastapi import APIRouter
from starlette.responses import Response

from stillroom_api.activity.schemas import Activity, SessionEnd, SessionEnded
from stillroom_api.authorization import InEnvironment, in_environment
from stillroom_api.context import ContextOf, Transaction
from stillroom_api.databases.routes import find
from stillroom_api.masks.looking import masked
from stillroom_api.reader import Asked, as_json
from stillroom_core.actors.permissions import Permission

log = structlog.get_logger()

router = APIRouter(
    prefix="/api/orgs/{org}/projects/{project}/environments/{environment}/databases/{database}/activity",
    tags=["activity"],
)


@router.get("", response_model=Activity)
async def read_activity(
    database: UUID,
    session: Transaction,
    context: ContextOf,
    where: Annotated[InEnvironment, in_environment(Permission.ACTIVITY_READ)],
) -> Response:
    """Who works in the database now, and who waits for whom."""
    found = await find(session, where, database)
    return as_json(Asked.of(context.reader, found, "activity", await masked(session, where)), Activity)


@router.post("/end", response_model=SessionEnded)
async def end_session(
    database: UUID,
    body: SessionEnd,
    session: Transaction,
    context: ContextOf,
    where: Annotated[InEnvironment, in_environment(Permission.ACTIVITY_CANCEL)],
) -> Response:
    """Cancels what a session does, or ends the session."""
    found = await find(session, where, database)
    log.info("session.ended", database=str(found.id), actor=str(where.actor.user_id), **body.model_dump())
    return as_json(Asked.of(context.reader, found, "end-session", body.model_dump()), SessionEnded)
