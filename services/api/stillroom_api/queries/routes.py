"""Saved queries: keep one, find it again, change and forget it.

They belong to the project. An environment is named because the right to run SQL is one of an environment: whoever has
it in one may keep queries.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from stillroom_api.authorization import InEnvironment, in_environment
from stillroom_api.context import Transaction
from stillroom_api.queries.schemas import SavedQueries, SavedQueryChanges, SavedQueryNew, SavedQueryRead
from stillroom_core.actors.permissions import Permission
from stillroom_core.queries import service

router = APIRouter(prefix="/api/orgs/{org}/projects/{project}/environments/{environment}/queries", tags=["queries"])

Reading = Annotated[InEnvironment, in_environment(Permission.SQL_READ)]


@router.get("")
async def list_saved_queries(
    session: Transaction,
    where: Reading,
    search: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$")] = None,
    database: Annotated[str | None, Query(max_length=200, pattern=r"^[^\x00]*$", description="of this name")] = None,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> SavedQueries:
    """One's own and those that are shared with the project, the latest first."""
    found = await service.list_queries(
        session, where.actor, where.project, search=search, database=database, before=cursor, limit=limit + 1
    )
    page = found[:limit]
    return SavedQueries(
        items=[SavedQueryRead.of(one, where.actor) for one in page],
        next_cursor=page[-1].id if len(found) > limit else None,
    )


@router.post("", status_code=201)
async def create_saved_query(body: SavedQueryNew, session: Transaction, where: Reading) -> SavedQueryRead:
    """Keeps a query, for oneself or shared with the project."""
    made = await service.save_query(session, where.actor, where.project, body.kept())
    await session.refresh(made)
    return SavedQueryRead.of(made, where.actor)


@router.patch("/{query}")
async def change_saved_query(
    query: UUID, body: SavedQueryChanges, session: Transaction, where: Reading
) -> SavedQueryRead:
    """Changes one's own query; a shared one also by whoever may change the project."""
    found = await service.change_query(session, where.actor, where.project, query, body.given())
    return SavedQueryRead.of(found, where.actor)


@router.delete("/{query}", status_code=204)
async def delete_saved_query(query: UUID, session: Transaction, where: Reading) -> None:
    """Forgets a query."""
    await service.delete_query(session, where.actor, where.project, query)
