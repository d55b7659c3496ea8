"""Environments: add, change, remove."""

from typing import Annotated

from fastapi import APIRouter

from stillroom_api.authorization import InProject, in_project
from stillroom_api.context import Transaction
from stillroom_api.environments.schemas import (
    EnvironmentChanges,
    EnvironmentNew,
    EnvironmentRead,
    Environments,
)
from stillroom_core.actors.permissions import Permission
from stillroom_core.environments import service

router = APIRouter(prefix="/api/orgs/{org}/projects/{project}/environments", tags=["environments"])


@router.get("")
async def list_environments(
    session: Transaction, where: Annotated[InProject, in_project(Permission.PROJECT_READ)]
) -> Environments:
    """The project's environments with their databases."""
    found = await service.list_environments(session, where.actor, where.project)
    return Environments(items=[EnvironmentRead.of(environment, databases) for environment, databases in found])


@router.post("", status_code=201)
async def create_environment(
    body: EnvironmentNew,
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.ENVIRONMENT_WRITE)],
) -> EnvironmentRead:
    """Adds an environment behind the others."""
    made = await service.create_environment(session, where.actor, where.project, body.model_dump())
    return EnvironmentRead.of(made, [])


@router.patch("/{environment}")
async def change_environment(
    environment: str,
    body: EnvironmentChanges,
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.ENVIRONMENT_WRITE)],
) -> EnvironmentRead:
    """Changes an environment."""
    found = await service.find_environment(session, where.actor, where.project, environment)
    await service.update_environment(session, where.actor, found, body.given())
    return EnvironmentRead.of(found, await service.databases_of(session, where.actor, found))


@router.delete("/{environment}", status_code=204)
async def delete_environment(
    environment: str,
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.ENVIRONMENT_WRITE)],
) -> None:
    """Removes an environment and its databases from Stillroom; target databases are not touched."""
    found = await service.find_environment(session, where.actor, where.project, environment)
    await service.delete_environment(session, where.actor, found)
