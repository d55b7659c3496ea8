"""Freezes: declare one, end one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from stillroom_api.authorization import InProject, in_project
from stillroom_api.context import Transaction
from stillroom_api.freezes.schemas import FreezeNew, FreezeRead, Freezes
from stillroom_core.actors.permissions import Permission
from stillroom_core.freezes import service

router = APIRouter(prefix="/api/orgs/{org}/projects/{project}/freezes", tags=["freezes"])


@router.get("")
async def list_freezes(
    session: Transaction, where: Annotated[InProject, in_project(Permission.PROJECT_READ)]
) -> Freezes:
    """The project's freezes that last or will come, the first one first."""
    found = await service.list_freezes(session, where.actor, where.project)
    return Freezes(items=[FreezeRead.of(freeze, environment) for freeze, environment in found])


@router.post("", status_code=201)
async def create_freeze(
    body: FreezeNew, session: Transaction, where: Annotated[InProject, in_project(Permission.ENVIRONMENT_WRITE)]
) -> FreezeRead:
    """Declares a freeze of one environment or of the whole project."""
    made, environment = await service.create_freeze(
        session,
        where.actor,
        where.project,
        environment=body.environment,
        starts_at=body.starts_at,
        ends_at=body.ends_at,
        reason=body.reason,
    )
    return FreezeRead.of(made, environment)


@router.delete("/{freeze}", status_code=204)
async def delete_freeze(
    freeze: UUID, session: Transaction, where: Annotated[InProject, in_project(Permission.ENVIRONMENT_WRITE)]
) -> None:
    """Ends a freeze at once, or calls it off."""
    await service.delete_freeze(session, where.actor, where.project, freeze)
