"""What somebody asks about by its id alone: a job, a plan, a request for approval, in whatever organization it is."""

from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path
from sqlalchemy import select

from stillroom_api.authorization.callers import Caller, marked
from stillroom_api.context import Transaction
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.actors.repository import act_as, actors_of
from stillroom_core.approvals.models import ApprovalRequest
from stillroom_core.approvals.repository import PlacedRequest
from stillroom_core.approvals.service import find_request
from stillroom_core.database import Session
from stillroom_core.errors import not_found
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.repository import PlacedJob
from stillroom_core.jobs.rights import check_may_ask
from stillroom_core.jobs.service import find_job, may_cancel
from stillroom_core.members.models import User
from stillroom_core.plans.models import Plan
from stillroom_core.plans.repository import PlacedPlan
from stillroom_core.plans.service import find_plan
from stillroom_core.tenancy import everything


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
