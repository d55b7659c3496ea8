"""Plans: make one, look at one. The routes that start a job apply them."""

from typing import Annotated, Any

from fastapi import APIRouter

from stillroom_api.authorization import Caller, InEnvironment, OnPlan, marked, named_environment, on_plan
from stillroom_api.context import Transaction
from stillroom_api.findings import PlanFindings
from stillroom_api.plans.reading import read_plan
from stillroom_api.plans.schemas import PlanRead, PlanRequest
from stillroom_core.actors.permissions import Permission
from stillroom_core.databases.service import find_database
from stillroom_core.findings.service import judge_plan
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.plans.service import make_plan

router = APIRouter(prefix="/api", tags=["plans"])


def may_plan() -> Any:
    """The environment named in the body, for somebody who may plan there."""

    async def check(body: PlanRequest, person: Caller, session: Transaction) -> InEnvironment:
        return await named_environment(session, person, body.project, body.environment, Permission.JOB_PLAN)

    return marked(check, Permission.JOB_PLAN)


@router.post("/migrations/plan", status_code=201)
async def plan_move(body: PlanRequest, session: Transaction, where: Annotated[InEnvironment, may_plan()]) -> PlanRead:
    """Plans a move of one database: its steps, from Alembic's own planner, frozen for the job that applies them."""
    database = await find_database(session, where.actor, where.environment, body.database)
    made = await make_plan(
        session,
        where.actor,
        project=where.project,
        environment=where.environment,
        database=database,
        kind=JobKind(body.kind),
        revision=body.revision,
        commit_sha=body.commit,
    )
    return await read_plan(session, where.actor, made)


@router.get("/plans/{plan}")
async def get_plan(session: Transaction, on: Annotated[OnPlan, on_plan(Permission.JOB_READ)]) -> PlanRead:
    """One plan, what stands between it and its job, or the job that applied it."""
    return await read_plan(session, on.actor, on.placed)


@router.get("/plans/{plan}/findings")
async def plan_findings(session: Transaction, on: Annotated[OnPlan, on_plan(Permission.JOB_READ)]) -> PlanFindings:
    """What in the plan's steps may hurt: locks, rows that are read or written anew, data that goes."""
    return PlanFindings.of(await judge_plan(session, on.actor, on.placed))
