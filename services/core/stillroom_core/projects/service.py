"""Making, changing and fetching projects."""

import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import func

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.errors import Conflict, not_found
from stillroom_core.jobs.queue import FETCH_PROJECT, Ring, ring_after_commit
from stillroom_core.jobs.repository import JobRepository
from stillroom_core.keys import new_key
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.projects.git_address import check_git_ref, parse_git_url
from stillroom_core.projects.models import Commit, Project
from stillroom_core.projects.repository import ProjectRepository
from stillroom_core.sealing import Address, seal, unseal
from stillroom_core.settings import get_settings
from stillroom_core.tables import now

_READ_AGAIN = frozenset({"git_url", "git_ref", "credential", "subdirectory", "config_file", "config_section"})


async def list_projects(session: Session, actor: Actor) -> list[tuple[Project, Commit | None]]:
    """The projects that the actor sees, each with its newest commit; two queries."""
    repository = ProjectRepository(session, actor.organization_id)
    projects = await repository.listing(actor.visible_projects())
    commits = await repository.commits([p.commit_id for p in projects if p.commit_id])
    return [(p, commits.get(p.commit_id) if p.commit_id else None) for p in projects]


async def find_project(session: Session, actor: Actor, name: str) -> Project:
    """A project by slug or id; NotFound when absent or not for this actor."""
    repository = ProjectRepository(session, actor.organization_id)
    key = as_key(name)
    project = await (repository.by_id(key) if key else repository.by_slug(name))
    if not actor.sees_project(project.id):
        raise not_found("project")
    return project


async def newest_commit(session: Session, actor: Actor, project: Project) -> Commit | None:
    """The newest commit read, or None before the first fetch has ended."""
    if project.commit_id is None:
        return None
    return await ProjectRepository(session, actor.organization_id).commit(project.commit_id)


async def required_commit(session: Session, actor: Actor, project: Project) -> Commit:
    """The newest commit of a project; raises Conflict when there is none, with the reason."""
    if project.commit_id is not None:
        return await ProjectRepository(session, actor.organization_id).commit(project.commit_id)
    if project.fetch_error:
        raise Conflict(
            "fetch_failed",
            "The project could not be fetched.",
            detail=f"{project.fetch_error.get('title', '')} {project.fetch_error.get('detail', '')}".strip(),
            fix=project.fetch_error.get("fix", "") or "Correct the project's git settings and fetch again.",
        )
    raise Conflict("not_fetched", "The project is being fetched for the first time.", fix="Try again in a few seconds.")


async def create_project(session: Session, actor: Actor, content: Mapping[str, Any]) -> Project:
    """Adds a project and asks for its first fetch; raises Conflict when the slug is taken."""
    repository = ProjectRepository(session, actor.organization_id)
    if await repository.taken(content["slug"]):
        raise Conflict(
            "slug_taken",
            f"This organization has a project {content['slug']} already.",
            fix="Choose another short name.",
            fields={"slug": "taken"},
        )
    project = Project(id=new_key())
    repository.add(project)
    _apply(actor, project, content)
    request_fetch(session, project)
    await session.flush()  # last: callers refresh the row, which forgets what was not flushed
    return project


async def update_project(session: Session, actor: Actor, project: Project, changes: Mapping[str, Any]) -> Project:
    """Changes what was given; fetches again when another graph may result."""
    if "credential" in changes:
        actor.check(Permission.SECRET_WRITE, project.id)
    if "slug" in changes and changes["slug"] != project.slug:
        repository = ProjectRepository(session, actor.organization_id)
        if await repository.taken(changes["slug"]):
            raise Conflict("slug_taken", "The short name is taken.", fix="Choose another.", fields={"slug": "taken"})
    _apply(actor, project, changes)
    notice_after_commit(session, actor.organization_id, project.id, About.PROJECT)
    if _READ_AGAIN & changes.keys():
        request_fetch(session, project)
    return project


async def delete_project(session: Session, actor: Actor, project: Project) -> None:
    """Removes the project, its environments, databases and jobs from Stillroom; target databases stay."""
    await JobRepository(session, actor.organization_id).refuse_while_running(project=project.id)
    await ProjectRepository(session, actor.organization_id).delete(project)
    notice_after_commit(session, actor.organization_id, project.id, About.PROJECT, About.JOBS)


def request_fetch(session: Session, project: Project) -> None:
    """Asks the workers to fetch the project; asking twice fetches once."""
    if project.fetch_state != "running":
        project.fetch_state = "waiting"
    project.fetch_requested_at = func.clock_timestamp()
    ring_after_commit(session, Ring(FETCH_PROJECT, project.id))
    notice_after_commit(session, project.organization_id, project.id, About.PROJECT)


def credential_of(project: Project) -> dict[str, str] | None:
    """The git credential in clear, for the worker; never for the API."""
    if project.credential_sealed is None:
        return None
    content: dict[str, str] = json.loads(unseal(credential_address(project), project.credential_sealed))
    return content


def as_key(name: str) -> UUID | None:
    """The id that a name may be, or None when it is a slug."""
    try:
        return UUID(name)
    except ValueError:
        return None


def _apply(actor: Actor, project: Project, changes: Mapping[str, Any]) -> None:
    settings = get_settings()
    if "git_url" in changes:
        parse_git_url(changes["git_url"], allow_local=settings.development)
    if "git_ref" in changes:
        check_git_ref(changes["git_ref"])
    for name, value in changes.items():
        if name == "credential":
            project.organization_id = actor.organization_id
            sealed = seal(credential_address(project), json.dumps(value)) if value else None
            project.credential_sealed = sealed
            project.credential_set_at = now() if sealed else None
        else:
            setattr(project, name, value)


def credential_address(project: Project) -> Address:
    """What the sealed credential of git is bound to."""
    return Address(project.organization_id, project.id, "git_credential")
