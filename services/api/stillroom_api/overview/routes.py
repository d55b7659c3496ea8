"""Overview: what moves in a database, what has grown, and how it was before."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from stillroom_api.authorization import InEnvironment, in_environment
from stillroom_api.context import ContextOf, Transaction
from stillroom_api.databases.routes import find
from stillroom_api.masks.looking import masked
from stillroom_api.overview.schemas import OverviewHealth, OverviewHistory, OverviewLive
from stillroom_api.reader import Asked, as_json
from stillroom_core.actors.permissions import Permission
from stillroom_core.samples.repository import KEPT, SampleRepository
from stillroom_core.tables import now

router = APIRouter(
    prefix="/api/orgs/{org}/projects/{project}/environments/{environment}/databases/{database}/overview",
    tags=["overview"],
)
_HOURS = int(KEPT.total_seconds() // 3600)

Watching = Annotated[InEnvironment, in_environment(Permission.ACTIVITY_READ)]


@router.get("/live", response_model=OverviewLive)
async def read_live(database: UUID, session: Transaction, context: ContextOf, where: Watching) -> Response:
    """Connections, counters, replication and vacuums at this moment; five short statements on the target."""
    return as_json(Asked.of(context.reader, await find(session, where, database), "overview"), OverviewLive)


@router.get("/health", response_model=OverviewHealth)
async def read_health(database: UUID, session: Transaction, context: ContextOf, where: Watching) -> Response:
    """Tables with their dead rows, superfluous and missing indexes, and the statements that take most time."""
    found = await find(session, where, database)
    return as_json(Asked.of(context.reader, found, "health", await masked(session, where)), OverviewHealth)


@router.get("/history")
async def read_history(
    database: UUID, session: Transaction, where: Watching, hours: Annotated[int, Query(ge=1, le=_HOURS)] = 24
) -> OverviewHistory:
    """What was measured since so many hours ago; the target is not asked."""
    found = await find(session, where, database)
    repository = SampleRepository(session, where.actor.organization_id)
    since = now() - timedelta(hours=hours)
    samples = await repository.since(found.id, since)
    return OverviewHistory.of(list(samples), list(await repository.tables_since(found.id, since)))
