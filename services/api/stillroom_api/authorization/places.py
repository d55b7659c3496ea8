"""Where somebody asks for something: an organization, a project or an environment that the path names."""

from dataclasses import dataclass
from typing import Any

from stillroom_api.authorization.callers import Caller, marked
from stillroom_api.context import Transaction
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.actors.repository import actor_in
from stillroom_core.database import Session
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import find_environment
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import find_project


@dataclass(frozen=True)
class InProject:
    """An actor and the project that the request is about."""

    actor: Actor
    project: Project


def in_organization(permission: Permission) -> Any:
    """For /orgs/{org}/…: the person as an actor of that organization."""

    async def check(org: str, person: Caller, session: Transaction) -> Actor:
        actor = await actor_in(session, person, slug=org)
        actor.check(permission)
        return actor

    return marked(check, permission)


def in_any_project() -> Any:
    """For listings of an organization: whoever belongs to it, and sees what their roles show."""

    async def check(org: str, person: Caller, session: Transaction) -> Actor:
        return await actor_in(session, person, slug=org)

    return marked(check, Permission.ORGANIZATION_READ)


def in_project(permission: Permission) -> Any:
    """For /orgs/{org}/projects/{project}/…: the actor and the project."""

    async def check(org: str, project: str, person: Caller, session: Transaction) -> InProject:
        actor = await actor_in(session, person, slug=org)
        found = await find_project(session, actor, project)
        actor.check(permission, found.id)
        return InProject(actor, found)

    return marked(check, permission)


@dataclass(frozen=True)
class InEnvironment(InProject):
    """An actor and the environment that the request is about."""

    environment: Environment


def in_environment(permission: Permission) -> Any:
    """For /orgs/{org}/projects/{project}/environments/{environment}/…: the actor and the environment."""

    async def check(org: str, project: str, environment: str, person: Caller, session: Transaction) -> InEnvironment:
        actor = await actor_in(session, person, slug=org)
        return await environment_in(
            session, InProject(actor, await find_project(session, actor, project)), environment, permission
        )

    return marked(check, permission)


async def environment_in(session: Session, where: InProject, name: str, permission: Permission) -> InEnvironment:
    """The environment of that name, where the caller has the permission; raises NotFound and Forbidden."""
    found = await find_environment(session, where.actor, where.project, name)
    where.actor.check(permission, where.project.id, found)
    return InEnvironment(where.actor, where.project, found)
