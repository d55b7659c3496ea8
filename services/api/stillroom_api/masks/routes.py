"""Masks: set one, take one away, and what should have one."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter

from stillroom_api.authorization import InProject, in_project
from stillroom_api.context import Transaction
from stillroom_api.masks.schemas import MaskNew, MaskRead, Masks, MaskSuggestion, MaskSuggestions
from stillroom_core.actors.permissions import Permission
from stillroom_core.masks import service
from stillroom_core.masks.suggestions import suggestions

router = APIRouter(prefix="/api/orgs/{org}/projects/{project}/masks", tags=["masks"])


@router.get("")
async def list_masks(session: Transaction, where: Annotated[InProject, in_project(Permission.PROJECT_READ)]) -> Masks:
    """The project's masks; whoever sees the project may know what is hidden."""
    found = await service.list_masks(session, where.actor, where.project)
    return Masks(items=[MaskRead.of(mask) for mask in found])


@router.get("/suggestions")
async def suggest_masks(
    session: Transaction, where: Annotated[InProject, in_project(Permission.PROJECT_UPDATE)]
) -> MaskSuggestions:
    """Columns without a mask whose names sound like personal data, from the schemas as they were last read."""
    found = await suggestions(session, where.actor, where.project)
    return MaskSuggestions(items=[MaskSuggestion.of(one) for one in found])


@router.post("", status_code=201)
async def create_mask(
    body: MaskNew, session: Transaction, where: Annotated[InProject, in_project(Permission.PROJECT_UPDATE)]
) -> MaskRead:
    """Masks columns from now on, for everybody who lacks data.unmasked."""
    made = await service.create_mask(session, where.actor, where.project, body.model_dump())
    await session.refresh(made)
    return MaskRead.of(made)


@router.delete("/{mask}", status_code=204)
async def delete_mask(
    mask: UUID, session: Transaction, where: Annotated[InProject, in_project(Permission.PROJECT_UPDATE)]
) -> None:
    """Takes a mask away."""
    await service.delete_mask(session, where.actor, where.project, mask)
