"""The plan that a job applies, settled under the lock with the heads that were read there."""

from sqlalchemy import select, update

from stillroom_core.jobs.lifecycle import CHANGES_DATABASE, JobKind
from stillroom_core.jobs.models import Job
from stillroom_core.plans.basis import Basis, Difference, differences, stale
from stillroom_core.plans.draft import draft
from stillroom_core.plans.models import Plan
from stillroom_core.projects.models import Commit
from stillroom_worker.claims import Claim, still_held
from stillroom_worker.heart import Superseded
from stillroom_worker.room import Room
from stillroom_worker.target import Truth

# Where these lead depends on where they start, and nobody meant another way than the one that was planned.
_STRICT = frozenset({JobKind.DOWNGRADE, JobKind.STAMP})


async def settled_plan(room: Room, ours: Claim, before: Truth) -> tuple[Plan | None, list[Difference]]:
    """The plan to run, and what made it another one than the job was queued with.

    None for kinds that change nothing. A plan that somebody confirmed, and every downgrade and stamp, holds or
    raises Conflict `plan_stale`; an upgrade that was only queued is planned again from where the database is now.
    Raises what the planner raises, and Superseded where the claim is not ours any more.
    """
    job, kind = ours.job, JobKind(ours.job.kind)
    if kind not in CHANGES_DATABASE:
        return None, []
    async with room.database.transaction(job.organization_id) as session:
        commit = await session.get_one(Commit, job.commit_id)
        planned = await session.scalar(select(Plan).where(Plan.id == job.plan_id)) if job.plan_id else None
    moved = []
    if planned is not None:
        present = Basis.now(
            ours.project, ours.environment, ours.database, commit, kind, before.heads, before.version_tables
        )
        moved = differences(Basis.of_plan(planned), present)
        if not moved:
            return planned, []
        if job.plan_confirmed or kind in _STRICT:
            raise stale(moved)
    made = await draft(
        ours.project,
        ours.environment,
        ours.database,
        commit,
        kind,
        job.revision,
        heads=before.heads,
        version_tables=before.version_tables,
    )
    made.actor_id, made.actor_name = job.actor_id, job.actor_name
    async with room.database.transaction(job.organization_id) as session:
        session.add(made)
        await session.flush()
        applied = await session.execute(
            update(Job).where(still_held(job.id, ours.attempt)).values(plan_id=made.id).returning(Job.id)
        )
        if applied.scalar_one_or_none() is None:
            raise Superseded
    return made, moved
