"""Catalogues: the list of a database's objects, one object, and a fresh reading."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from stillroom_api.authorization import InEnvironment, in_environment
from stillroom_api.catalogues.diagram import DiagramRead
from stillroom_api.catalogues.lives import ObjectLifeRead
from stillroom_api.catalogues.schemas import CatalogueRead, CatalogueWasRead, ObjectRead
from stillroom_api.context import ContextOf, Transaction
from stillroom_api.databases.routes import find
from stillroom_api.reader import Asked, as_json
from stillroom_core.actors.permissions import Permission
from stillroom_core.catalogues.diagram import diagram_of
from stillroom_core.catalogues.kinds import Kind
from stillroom_core.catalogues.service import find_object, present_catalogue
from stillroom_core.changes.service import life_of_object

router = APIRouter(
    prefix="/api/orgs/{org}/projects/{project}/environments/{environment}/databases/{database}/catalogue",
    tags=["catalogues"],
)


@router.get("")
async def read_catalogue(
    database: UUID,
    session: Transaction,
    where: Annotated[InEnvironment, in_environment(Permission.PROJECT_READ)],
) -> CatalogueRead:
    """Everything that stands in the database, as it was last read; the database itself is not asked."""
    found = await find(session, where, database)
    return CatalogueRead.of(await present_catalogue(session, where.actor, found))


@router.post("/read", response_model=CatalogueWasRead)
async def read_again(
    database: UUID,
    session: Transaction,
    context: ContextOf,
    where: Annotated[InEnvironment, in_environment(Permission.PROJECT_READ)],
) -> Response:
    """Reads the catalogue of the database now, and answers when it is done."""
    found = await find(session, where, database)
    return as_json(Asked.of(context.reader, found, "catalogue"), CatalogueWasRead)


@router.get("/object")
async def read_object(
    database: UUID,
    session: Transaction,
    where: Annotated[InEnvironment, in_environment(Permission.PROJECT_READ)],
    kind: Kind,
    name: Annotated[str, Query(max_length=10_000)],
    schema: Annotated[str, Query(max_length=63)] = "",
) -> ObjectRead:
    """One object with its parts and its SQL."""
    found = await find(session, where, database)
    return ObjectRead.of(await find_object(session, where.actor, found, kind, schema, name))


@router.get("/diagram")
async def read_diagram(
    database: UUID,
    session: Transaction,
    where: Annotated[InEnvironment, in_environment(Permission.PROJECT_READ)],
) -> DiagramRead:
    """Tables, columns and foreign keys as they were last read, for a picture of them."""
    found = await find(session, where, database)
    return DiagramRead.of(await diagram_of(session, where.actor, found))


@router.get("/object/history")
async def read_object_history(
    database: UUID,
    session: Transaction,
    where: Annotated[InEnvironment, in_environment(Permission.PROJECT_READ)],
    kind: Kind,
    name: Annotated[str, Query(max_length=10_000)],
    schema: Annotated[str, Query(max_length=63)] = "",
) -> ObjectLifeRead:
    """Which revisions made and changed an object and its parts: as jobs ran them, else as their sources say."""
    found = await find(session, where, database)
    entry = await find_object(session, where.actor, found, kind, schema, name)
    return ObjectLifeRead.of(await life_of_object(session, where.actor, where.project, found, entry))
