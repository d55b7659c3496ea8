"""Going on from where a job stopped: a new plan from where the database stands now, to the same target."""

from uuid import UUID

from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.errors import Conflict
from stillroom_core.jobs.lifecycle import JobKind, JobState
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.repository import PlacedJob
from stillroom_core.plans.models import Plan
from stillroom_core.plans.repository import PlacedPlan
from stillroom_core.plans.service import make_plan

_STOPPED = frozenset({JobState.FAILED.value, JobState.CANCELLED.value, JobState.LOST.value})
_MOVES = frozenset({JobKind.UPGRADE.value, JobKind.DOWNGRADE.value})


def may_be_resumed(job: Job) -> bool:
    """Whether there is something to go on with: a move that has stopped before its end."""
    return job.state in _STOPPED and job.kind in _MOVES


async def plan_resume(session: Session, actor: Actor, placed: PlacedJob) -> PlacedPlan:
    """A plan of what a resumed job would run; raises what `target_of_resume` and `make_plan` raise."""
    return await make_plan(
        session,
        actor,
        project=placed.project,
        environment=placed.environment,
        database=placed.database,
        kind=JobKind(placed.job.kind),
        revision=await target_of_resume(session, placed.job),
        commit_sha=await _chosen_commit(session, placed.job),
    )


async def plan_to_resume(session: Session, actor: Actor, placed: PlacedJob, confirmed: UUID | None) -> UUID | None:
    """The plan that somebody confirmed; else one where the job goes on with the code of a commit that was chosen."""
    if confirmed is None and await _chosen_commit(session, placed.job):
        return (await plan_resume(session, actor, placed)).plan.id
    return confirmed


async def target_of_resume(session: Session, job: Job) -> str | None:
    """Where a resumed job goes: names stay names, steps counted from the old place become the place they led to."""
    if not may_be_resumed(job):
        raise Conflict(
            "not_resumable",
            "There is nothing to resume.",
            detail=f"The job is {job.state}, its kind {job.kind}.",
            fix="Only an upgrade or a downgrade that failed, was cancelled or lost can be resumed.",
        )
    asked = job.revision or "head"
    if "+" not in asked and not asked.startswith("-") and "@-" not in asked:
        return job.revision
    plan = await session.get(Plan, job.plan_id) if job.plan_id else None
    if plan is None or plan.heads_after is None or len(plan.heads_after) > 1:
        raise Conflict(
            "relative_target",
            "Where this job was to end is not one revision.",
            detail=f"Its target was {asked}, counted from where the database stood then.",
            fix="Start a new job to the revision that you mean.",
        )
    return plan.heads_after[0] if plan.heads_after else "base"


async def _chosen_commit(session: Session, job: Job) -> str | None:
    plan = await session.get(Plan, job.plan_id) if job.plan_id else None
    return plan.commit_sha if plan and plan.commit_chosen else None
