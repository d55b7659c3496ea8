"""Databases: add, change, read, remove."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from stillroom_api.authorization import InEnvironment, in_environment
from stillroom_api.context import Transaction
from stillroom_api.databases.schemas import DatabaseChanges, DatabaseNew, DatabaseRead
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.databases import service
from stillroom_core.databases.models import Database

router = APIRouter(prefix="/api/orgs/{org}/projects/{project}/environments/{environment}/databases", tags=["databases"])


@router.post("", status_code=201)
async def create_database(
    body: DatabaseNew,
    session: Transaction,
    where: Annotated[InEnvironment, in_environment(Permission.SECRET_WRITE)],
) -> DatabaseRead:
    """Adds a database; its version and heads are read at once."""
    database = await service.create_database(session, where.actor, where.environment, body.model_dump())
    await session.refresh(database)
    return DatabaseRead.of(database)


@router.patch("/{database}")
async def change_database(
    database: UUID,
    body: DatabaseChanges,
    session: Transaction,
    where: Annotated[InEnvironment, in_environment(Permission.SECRET_WRITE)],
) -> DatabaseRead:
    """Changes a database; another place is read anew."""
    found = await find(session, where, database)
    return DatabaseRead.of(await service.update_database(session, found, body.given()))


@router.delete("/{database}", status_code=204)
async def delete_database(
    database: UUID,
    session: Transaction,
    where: Annotated[InEnvironment, in_environment(Permission.ENVIRONMENT_WRITE)],
) -> None:
    """Removes a database from Stillroom; the place itself is not touched."""
    await service.delete_database(session, where.actor, await find(session, where, database))


@router.post("/{database}/read", status_code=202)
async def read_database(
    database: UUID,
    session: Transaction,
    where: Annotated[InEnvironment, in_environment(Permission.JOB_PLAN)],
) -> DatabaseRead:
    """Asks for a reading of version and heads; poll to see it end."""
    found = await find(session, where, database)
    service.request_reading(session, found)
    return DatabaseRead.of(found)


async def find(session: Session, where: InEnvironment, database: UUID) -> Database:
    """The database that a route's address names; raises NotFound."""
    return await service.find_database(session, where.actor, where.environment, str(database))
