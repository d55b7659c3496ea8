"""Environments: add, change, remove."""

from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from stillroom_api.authorization import InEnvironment, InProject, in_environment, in_project
from stillroom_api.context import ContextOf, Transaction
from stillroom_api.environments.looking import host_keys
from stillroom_api.environments.schemas import (
    AutomaticUpgradeRead,
    AutomaticUpgrades,
    EnvironmentChanges,
    EnvironmentNew,
    EnvironmentRead,
    Environments,
    HostKeys,
    HostKeysAsk,
)
from stillroom_core.actors.permissions import Permission
from stillroom_core.automatic.service import latest_upgrades, rule_maker_name
from stillroom_core.environments import service

router = APIRouter(prefix="/api/orgs/{org}/projects/{project}/environments", tags=["environments"])


@router.get("")
async def list_environments(
    session: Transaction, where: Annotated[InProject, in_project(Permission.PROJECT_READ)]
) -> Environments:
    """The project's environments with their databases."""
    found = await service.list_environments(session, where.actor, where.project)
    return Environments(
        items=[EnvironmentRead.of(environment, databases, where.actor) for environment, databases in found]
    )


@router.post("", status_code=201)
async def create_environment(
    body: EnvironmentNew,
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.ENVIRONMENT_WRITE)],
) -> EnvironmentRead:
    """Adds an environment behind the others."""
    made = await service.create_environment(session, where.actor, where.project, body.model_dump())
    return EnvironmentRead.of(made, [], where.actor)


@router.post("/host-keys", response_model=HostKeys)
async def ask_host_keys(
    body: HostKeysAsk,
    context: ContextOf,
    where: Annotated[InProject, in_project(Permission.ENVIRONMENT_WRITE)],
) -> Response:
    """Asks an SSH server for its host keys, to be compared by a person; nothing is stored or trusted by asking."""
    return await host_keys(context, where.actor, body)


@router.patch("/{environment}")
async def change_environment(
    body: EnvironmentChanges,
    session: Transaction,
    where: Annotated[InEnvironment, in_environment(Permission.ENVIRONMENT_WRITE)],
) -> EnvironmentRead:
    """Changes an environment."""
    found = where.environment
    await service.update_environment(session, where.actor, found, body.given())
    return EnvironmentRead.of(found, await service.databases_of(session, where.actor, found), where.actor)


@router.delete("/{environment}", status_code=204)
async def delete_environment(
    session: Transaction,
    where: Annotated[InEnvironment, in_environment(Permission.ENVIRONMENT_WRITE)],
) -> None:
    """Removes an environment and its databases from Stillroom; target databases are not touched."""
    await service.delete_environment(session, where.actor, where.environment)


@router.get("/{environment}/automatic")
async def read_automatic(
    session: Transaction,
    where: Annotated[InEnvironment, in_environment(Permission.PROJECT_READ)],
) -> AutomaticUpgrades:
    """By whose rule new commits are brought here by themselves, and what became of the latest."""
    found = await latest_upgrades(session, where.actor, where.environment)
    return AutomaticUpgrades(
        by=await rule_maker_name(session, where.environment),
        items=[AutomaticUpgradeRead.of(row, database) for row, database in found],
    )
