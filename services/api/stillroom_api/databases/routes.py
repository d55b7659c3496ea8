"""Databases: add, change, read, remove."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from stillroom_api.authorization import InProject, in_project
from stillroom_api.context import Transaction
from stillroom_api.databases.schemas import DatabaseChanges, DatabaseNew, DatabaseRead
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.databases import service
from stillroom_core.databases.models import Database
from stillroom_core.environments.service import find_environment

router = APIRouter(prefix="/api/orgs/{org}/projects/{project}/environments/{environment}/databases", tags=["databases"])


@router.post("", status_code=201)
async def create_database(
    environment: str,
    body: DatabaseNew,
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.SECRET_WRITE)],
) -> DatabaseRead:
    """Adds a database; its version and heads are read at once."""
    place = await find_environment(session, where.actor, where.project, environment)
    database = await service.create_database(session, where.actor, place, body.model_dump())
    await session.refresh(database)
    return DatabaseRead.of(database)


@router.patch("/{database}")
async def change_database(
    environment: str,
    database: UUID,
    body: DatabaseChanges,
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.SECRET_WRITE)],
) -> DatabaseRead:
    """Changes a database; another place is read anew."""
    found = await _find(session, where, environment, database)
    return DatabaseRead.of(await service.update_database(session, found, body.given()))


@router.delete("/{database}", status_code=204)
async def delete_database(
    environment: str,
    database: UUID,
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.ENVIRONMENT_WRITE)],
) -> None:
    """Removes a database from Stillroom; the place itself is not touched."""
    await service.delete_database(session, where.actor, await _find(session, where, environment, database))


@router.post("/{database}/read", status_code=202)
async def read_database(
    environment: str,
    database: UUID,
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.JOB_PLAN)],
) -> DatabaseRead:
    """Asks for a reading of version and heads; poll to see it end."""
    found = await _find(session, where, environment, database)
    service.request_reading(session, found)
    return DatabaseRead.of(found)


async def _find(session: Session, where: InProject, environment: str, database: UUID) -> Database:
    place = await find_environment(session, where.actor, where.project, environment)
    return await service.find_database(session, where.actor, place, str(database))
