"""Who asks, and whether they may: decided once, at the edge, by these dependencies.

Every route declares exactly one of them, or stands in PUBLIC; a test walks the routes and checks it.
Strangers to an organization or a project get 404, members without the permission get 403 that names it.
"""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Path, Query, Request
from sqlalchemy import select
from starlette.requests import HTTPConnection

from stillroom_api.context import ContextOf, Transaction
from stillroom_core.actors.acting import Bounds, acting_in
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.actors.repository import act_as, actor_in, actors_of
from stillroom_core.approvals.models import ApprovalRequest
from stillroom_core.approvals.repository import PlacedRequest
from stillroom_core.approvals.service import find_request
from stillroom_core.database import Session
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import find_environment
from stillroom_core.errors import Forbidden, Invalid, not_found
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.repository import PlacedJob
from stillroom_core.jobs.rights import check_may_ask
from stillroom_core.jobs.service import find_job, may_cancel
from stillroom_core.members.models import User
from stillroom_core.plans.models import Plan
from stillroom_core.plans.repository import PlacedPlan
from stillroom_core.plans.service import find_plan
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import find_project
from stillroom_core.sessions.service import person_behind
from stillroom_core.sessions.tokens import unauthenticated
from stillroom_core.staff.service import PLATFORM_READ, check_staff
from stillroom_core.tenancy import everything, narrow
from stillroom_core.tokens.models import ApiToken
from stillroom_core.tokens.service import scope_of, token_user
from stillroom_core.tokens.text import is_token

# (method, path) of the routes that need nobody.
PUBLIC = frozenset(
    {
        ("POST", "/api/auth/sign-in"),
        ("POST", "/api/auth/refresh"),
        ("POST", "/api/auth/exchange"),
        ("POST", "/api/hooks/git/{project}"),  # signed by the git host
        ("POST", "/api/auth/sign-out"),
        ("GET", "/api/auth/options"),
        ("POST", "/api/auth/sign-up"),
        ("POST", "/api/auth/verification"),
        ("POST", "/api/auth/verify"),
        ("POST", "/api/auth/forgot"),
        ("POST", "/api/auth/reset"),
        ("POST", "/api/auth/passkeys/begin"),
        ("POST", "/api/auth/passkeys/sign-in"),
        ("POST", "/api/auth/sso/begin"),
        ("GET", "/api/auth/sso/callback"),
        ("POST", "/api/auth/invitations/look"),
        ("POST", "/api/auth/invitations/accept"),
        ("GET", "/api/outbox"),  # in development only
        ("GET", "/livez"),
        ("GET", "/readyz"),
    }
)


# What is about oneself alone, or narrowed to what oneself may see: signing in is all that it needs.
def of_oneself(path: str) -> bool:
    """Whether a route is for everybody who is signed in."""
    return path in (
        "/api/me",
        "/api/jobs",
        "/api/jobs/choices",
        "/api/jobs/export",
        "/api/orgs",
        "/api/live/ticket",
    ) or path.startswith("/api/me/")


def of_platform(path: str) -> bool:
    """Whether a route is for those who run the installation, and for nobody by a role in an organization."""
    return path.startswith("/api/installation")


# What a dependency declares about itself, for the test that walks the routes.
MARK = "stillroom_permission"
SIGNED_IN = "signed in"


def bearer_token(connection: HTTPConnection) -> str:
    """The token of the Authorization header; never from the address, which ends in logs."""
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthenticated()
    return token.strip()


async def signed_in(connection: HTTPConnection, context: ContextOf, session: Transaction) -> User:
    """The signed-in person; raises Unauthenticated, and Forbidden for an API token."""
    found = await person_or_token(connection, context, session)
    if acting_in(session).bounds is not None:
        raise Forbidden(
            "person_needed",
            "This is for people who sign in, not for API tokens.",
            fix="Sign in on the pages, or with `stillroom login`.",
        )
    return found


async def person_or_token(connection: HTTPConnection, context: ContextOf, session: Transaction) -> User:
    """The signed-in person, or the owner of the API token, within whose bounds the transaction acts from here on."""
    text = bearer_token(connection)
    if not is_token(text):
        return await person_behind(session, context.settings, text)
    user, token = await token_user(session, text, connection.client.host if connection.client else "")
    bind_token(session, token)
    return user


def bind_token(session: Session, token: ApiToken) -> None:
    """What the transaction does is done through this token."""
    acting_in(session).bounds = Bounds(
        user_id=token.user_id, organization_id=token.organization_id, scope=scope_of(token)
    )


setattr(signed_in, MARK, SIGNED_IN)
setattr(person_or_token, MARK, SIGNED_IN)
# What is about oneself takes a person; what is about an organization takes an API token too.
Person = Annotated[User, Depends(signed_in, scope="function")]
Caller = Annotated[User, Depends(person_or_token, scope="function")]


async def platform_staff(person: Person, session: Transaction) -> User:
    """A person who runs the installation; raises Forbidden for everybody else."""
    await check_staff(session, person)
    return person


setattr(platform_staff, MARK, PLATFORM_READ)
PlatformStaff = Annotated[User, Depends(platform_staff, scope="function")]


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
        return await _environment(
            session, InProject(actor, await find_project(session, actor, project)), environment, permission
        )

    return marked(check, permission)


async def named_environment(
    session: Session, person: User, project: str | None, environment: str | None, permission: Permission
) -> InEnvironment:
    """The environment of a project that the request or its API token names, where the caller has the permission."""
    where = await named_project(session, person, project)
    bounds = acting_in(session).bounds
    meant = environment or _only(bounds.scope.environment_ids if bounds else None, "environment")
    return await _environment(session, where, meant, permission)


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


async def _environment(session: Session, where: InProject, name: str, permission: Permission) -> InEnvironment:
    found = await find_environment(session, where.actor, where.project, name)
    where.actor.check(permission, where.project.id, found)
    return InEnvironment(where.actor, where.project, found)


def in_named_project(permission: Permission) -> Any:
    """For /migrations/…?project=: id, slug or organization/slug."""

    async def check(
        person: Caller,
        session: Transaction,
        project: Annotated[
            str | None,
            Query(max_length=200, description="id, slug, or organization/slug; needless with a token for one project"),
        ] = None,
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
        project: Annotated[
            str | None,
            Query(max_length=200, description="id, slug, or organization/slug; needless with a token for one project"),
        ] = None,
        environment: Annotated[
            str | None,
            Query(max_length=63, description="slug or id; needless with a token for one environment"),
        ] = None,
    ) -> InEnvironment:
        return await named_environment(session, person, project, environment, permission)

    return marked(check, permission)


async def named_project(session: Session, person: User, given: str | None) -> InProject:
    """Finds a project among all organizations of the person; raises NotFound, or Invalid when ambiguous."""
    bounds = acting_in(session).bounds
    name = given or _only(bounds.scope.project_ids if bounds else None, "project")
    organization, _, slug = name.rpartition("/")
    found: list[InProject] = []
    for actor in await actors_of(session, person):
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
        raise not_found("project")
    await act_as(session, found[0].actor)
    return found[0]


@dataclass(frozen=True)
class OnJob:
    """An actor and the job that the request is about."""

    actor: Actor
    placed: PlacedJob


def on_job(permission: Permission) -> Any:
    """For /jobs/{job}/…"""

    async def check(job: UUID, person: Caller, session: Transaction) -> OnJob:
        return await authorized_job(session, person, job, permission)

    return marked(check, permission)


def on_stopped_job() -> Any:
    """For going on with /jobs/{job}: whoever may start a job of its kind, or ask for one."""

    async def check(job: UUID, person: Caller, session: Transaction) -> OnJob:
        on = await authorized_job(session, person, job, Permission.JOB_READ)
        check_may_ask(on.actor, on.placed.environment, JobKind(on.placed.job.kind))
        return on

    return marked(check, Permission.JOB_UPGRADE)


def on_job_to_cancel() -> Any:
    """For cancelling /jobs/{job}: whoever may cancel anybody's jobs, or this one of their own."""

    async def check(job: UUID, person: Caller, session: Transaction) -> OnJob:
        on = await authorized_job(session, person, job, Permission.JOB_READ)
        if not may_cancel(on.actor, on.placed):
            own = on.placed.job.actor_id == on.actor.user_id
            needed = Permission.JOB_CANCEL if own else Permission.JOB_CANCEL_ANY
            on.actor.check(needed, on.placed.job.project_id, on.placed.environment)
        return on

    return marked(check, Permission.JOB_CANCEL)


async def authorized_job(session: Session, person: User, key: UUID, permission: Permission) -> OnJob:
    """Finds a job in any organization of the person and checks the permission there."""
    actor = await _owning_actor(session, person, Job, key)
    placed = await find_job(session, actor, key)
    actor.check(permission, placed.job.project_id, placed.environment)
    return OnJob(actor, placed)


_NOUNS: dict[type[Job | Plan | ApprovalRequest], str] = {Job: "job", Plan: "plan", ApprovalRequest: "request"}


async def _owning_actor(session: Session, person: User, table: type[Job | Plan | ApprovalRequest], key: UUID) -> Actor:
    """The person in the organization that owns a row, which alone is seen from here on; raises NotFound."""
    async with everything(session):
        organization = await session.scalar(select(table.organization_id).where(table.id == key))
        actors = {actor.organization_id: actor for actor in await actors_of(session, person)}
    if organization not in actors:
        raise not_found(_NOUNS[table])
    await act_as(session, actors[organization])
    return actors[organization]


@dataclass(frozen=True)
class OnPlan:
    """An actor and the plan that the request is about."""

    actor: Actor
    placed: PlacedPlan


def on_plan(permission: Permission) -> Any:
    """For /plans/{plan}: the plan, for somebody with the permission in its project."""

    async def check(plan: UUID, person: Caller, session: Transaction) -> OnPlan:
        actor = await _owning_actor(session, person, Plan, plan)
        placed = await find_plan(session, actor, plan)
        actor.check(permission, placed.project.id, placed.environment)
        return OnPlan(actor, placed)

    return marked(check, permission)


@dataclass(frozen=True)
class OnRequest:
    """An actor and the request for approval that is meant."""

    actor: Actor
    placed: PlacedRequest


def on_request(permission: Permission) -> Any:
    """For /approvals/{request}/…: the request, for somebody with the permission in its environment."""

    async def check(
        request_id: Annotated[UUID, Path(alias="request")], person: Caller, session: Transaction
    ) -> OnRequest:
        actor = await _owning_actor(session, person, ApprovalRequest, request_id)
        placed = await find_request(session, actor, request_id)
        actor.check(permission, placed.project.id, placed.environment)
        return OnRequest(actor, placed)

    return marked(check, permission)


def check_origin(request: Request, context: ContextOf) -> None:
    """Refuses a browser's request from a foreign page; cookies alone prove nothing.

    A browser names the origin of whatever changes something; one that does not still says that it is cross-site.
    """
    origin = request.headers.get("origin")
    foreign = origin is not None and not same_origin(origin, request, context.settings.public_url)
    if foreign or (origin is None and request.headers.get("sec-fetch-site") in ("cross-site", "same-site")):
        raise Forbidden(
            "foreign_origin",
            "This request comes from a page of another site.",
            fix="Open Stillroom at its own address. If this is it, its operator has to set STILLROOM_PUBLIC_URL.",
        )


def same_origin(origin: str, connection: HTTPConnection, public_url: str) -> bool:
    """Whether a page of this origin is ours: the configured address, or the host that was asked."""
    own = f"{connection.url.scheme.replace('ws', 'http')}://{connection.headers.get('host', '')}"
    return origin.rstrip("/") in (public_url.rstrip("/"), own)


def marked(check: Callable[..., Awaitable[object]], permission: Permission) -> Any:
    """A dependency that says which permission it checks."""
    setattr(check, MARK, permission)
    return Depends(check, scope="function")
