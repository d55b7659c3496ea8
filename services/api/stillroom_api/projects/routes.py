"""Projects: add, change, fetch, remove."""

from typing import Annotated

from fastapi import APIRouter

from stillroom_api.authorization import InProject, Person, in_any_project, in_organization, in_project
from stillroom_api.context import Transaction
from stillroom_api.projects.schemas import ProjectChanges, ProjectMove, ProjectNew, ProjectRead, Projects
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.projects import moving, service

router = APIRouter(prefix="/api/orgs/{org}/projects", tags=["projects"])


@router.get("")
async def list_projects(session: Transaction, actor: Annotated[Actor, in_any_project()]) -> Projects:
    """The organization's projects that I may see."""
    found = await service.list_projects(session, actor)
    return Projects(items=[ProjectRead.of(project, commit, actor) for project, commit in found])


@router.post("", status_code=201)
async def create_project(
    body: ProjectNew,
    session: Transaction,
    actor: Annotated[Actor, in_organization(Permission.PROJECT_CREATE)],
) -> ProjectRead:
    """Adds a project; its first fetch starts at once."""
    project = await service.create_project(session, actor, body.model_dump())
    await session.refresh(project)
    return ProjectRead.of(project, None, actor)


@router.get("/{project}")
async def read_project(
    session: Transaction, where: Annotated[InProject, in_project(Permission.PROJECT_READ)]
) -> ProjectRead:
    """One project."""
    return await _read(session, where)


@router.patch("/{project}")
async def change_project(
    body: ProjectChanges,
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.PROJECT_UPDATE)],
) -> ProjectRead:
    """Changes a project; fetches it again when its graph may change."""
    await service.update_project(session, where.actor, where.project, body.given())
    return await _read(session, where)


@router.delete("/{project}", status_code=204)
async def delete_project(
    session: Transaction, where: Annotated[InProject, in_project(Permission.PROJECT_DELETE)]
) -> None:
    """Removes a project from Stillroom; target databases are not touched."""
    await service.delete_project(session, where.actor, where.project)


@router.post("/{project}/move")
async def move_project(
    body: ProjectMove,
    session: Transaction,
    person: Person,
    where: Annotated[InProject, in_project(Permission.PROJECT_DELETE)],
) -> ProjectRead:
    """Gives the project with its history to another organization of mine; roles, tokens and secrets stay behind."""
    taker, commit = await moving.move_project(
        session, where.actor, person, where.project, organization=body.organization, confirmation=body.slug
    )
    return ProjectRead.of(where.project, commit, taker)


@router.post("/{project}/fetch", status_code=202)
async def fetch_project(
    session: Transaction, where: Annotated[InProject, in_project(Permission.JOB_PLAN)]
) -> ProjectRead:
    """Asks for a fetch of the project's ref; poll the project to see it end."""
    service.request_fetch(session, where.project)
    return await _read(session, where)


async def _read(session: Session, where: InProject) -> ProjectRead:
    commit = await service.newest_commit(session, where.actor, where.project)
    return ProjectRead.of(where.project, commit, where.actor)
