"""The same for /migrations/…, whose requests name a project and an environment, or a token that is for one alone."""

from collections.abc import Collection
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query

from stillroom_api.authorization.callers import Caller, marked
from stillroom_api.authorization.places import InEnvironment, InProject, environment_in
from stillroom_api.context import Transaction
from stillroom_core.actors.acting import acting_in
from stillroom_core.actors.permissions import Permission
from stillroom_core.actors.repository import act_as, actors_of
from stillroom_core.database import Session
from stillroom_core.errors import Invalid, not_found
from stillroom_core.members.models import User
from stillroom_core.projects.service import find_project
from stillroom_core.tenancy import narrow

ProjectName = Annotated[
    str | None,
    Query(max_length=200, description="id, slug, or organization/slug; needless with a token for one project"),
]
EnvironmentName = Annotated[
    str | None, Query(max_length=63, description="slug or id; needless with a token for one environment")
]


async def named_environment(
    session: Session, person: User, project: str | None, environment: str | None, permission: Permission
) -> InEnvironment:
    """The environment of a project that the request or its API token names, where the caller has the permission."""
    where = await named_project(session, person, project)
    bounds = acting_in(session).bounds
    meant = environment or _only(bounds.scope.environment_ids if bounds else None, "environment")
    return await environment_in(session, where, meant, permission)


def _only(keys: Collection[UUID] | None, what: str) -> str:
    """The one that an API token is for, when nothing was named; raises Invalid when it is not for exactly one."""
    if keys is None or len(keys) != 1:
        raise Invalid(
            f"{what}_missing",
            f"Which {what} is meant?",
            fix=f"Name the {what}; only an API token for a single one may leave it out.",
            fields={what: "required here"},
        )
    return str(next(iter(keys)))


def in_named_project(permission: Permission) -> Any:
    """For /migrations/…?project=: id, slug or organization/slug."""

    async def check(
        person: Caller,
        session: Transaction,
        project: ProjectName = None,
    ) -> InProject:
        found = await named_project(session, person, project)
        found.actor.check(permission, found.project.id)
        return found

    return marked(check, permission)


def in_named_environment(permission: Permission) -> Any:
    """For /migrations/…?project=&environment=: both may be left out with an API token for one alone."""

    async def check(
        person: Caller,
        session: Transaction,
        project: ProjectName = None,
        environment: EnvironmentName = None,
    ) -> InEnvironment:
        return await named_environment(session, person, project, environment, permission)

    return marked(check, permission)


async def named_project(session: Session, person: User, given: str | None) -> InProject:
    """Finds a project among all organizations of the person; raises NotFound, or Invalid when ambiguous."""
    bounds = acting_in(session).bounds
    name = given or _only(bounds.scope.project_ids if bounds else None, "project")
    organization, _, slug = name.rpartition("/")
    found: list[InProject] = []
    actors = await actors_of(session, person)
    for actor in actors:
        if organization and actor.organization_slug != organization:
            continue
        await narrow(session, actor.organization_id)
        try:
            found.append(InProject(actor, await find_project(session, actor, slug)))
        except type(not_found("project")):
            continue
    if len(found) > 1:
        choices = ", ".join(f"{item.actor.organization_slug}/{slug}" for item in found)
        raise Invalid(
            "ambiguous_project",
            "Several of your organizations have a project of this name.",
            detail=choices,
            fix="Name it as organization/project.",
            fields={"project": "ambiguous"},
        )
    if not found:
        for actor in actors:
            if actor.organization_slug == organization or not organization:
                actor.check_admitted()
        raise not_found("project")
    await act_as(session, found[0].actor)
    return found[0]
