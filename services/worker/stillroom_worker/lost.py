"""What lost jobs left: nobody knew when they were lost; their database has been read since."""

from uuid import UUID

from sqlalchemy import select

from stillroom_core.database import Session
from stillroom_core.jobs.lifecycle import JobState, StepState
from stillroom_core.jobs.models import Job, JobEvent, JobStep
from stillroom_core.jobs.outcome import outcome
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit
from stillroom_worker.aftermath import aftermath, in_order, moved
from stillroom_worker.supervise.stayed import Statements, Stayed
from stillroom_worker.target import Truth

_MOST_JOBS = 20
_TOLD = ("statement_started", "statement_finished", "statement_failed", "transaction")


async def tell_lost_jobs(session: Session, database_id: UUID, truth: Truth) -> None:
    """Tells of every job that was lost on this database since it was last read what is there now."""
    lost = await session.scalars(
        select(Job)
        .where(
            Job.database_id == database_id,
            Job.state == JobState.LOST.value,
            Job.outcome["code"].astext == "lost",
        )
        .order_by(Job.id)
        .limit(_MOST_JOBS)
    )
    for job in list(lost):
        await _tell(session, job, truth)


async def _tell(session: Session, job: Job, truth: Truth) -> None:
    job.outcome = outcome("lost_read", heads=truth.heads)
    job.heads_after = truth.heads
    if job.heads_before is None:
        return  # it never got as far as the database
    graph = graph_of(await session.get_one(Commit, job.commit_id))
    committed = moved(graph, job.heads_before, truth.heads)
    steps = list(
        await session.scalars(
            select(JobStep).where(JobStep.job_id == job.id, JobStep.kind == "revision").order_by(JobStep.position)
        )
    )
    # The sweeper has ended the step that ran as failed.
    current = next((step.revision for step in steps if step.state == StepState.FAILED.value), None)
    job.steps_done = len(committed)
    job.aftermath = aftermath(
        committed=in_order(committed, (step.revision for step in steps if step.revision)),
        current=current,
        stayed=await _stayed(session, job.id, committed),
        invalid_before=job.invalid_before or [],
        invalid_after=truth.invalid_indexes,
    )


async def _stayed(session: Session, job_id: UUID, committed: frozenset[str]) -> Statements:
    """The same as a living worker would have counted, from the events that were stored."""
    stayed = Stayed()
    events = await session.stream(
        select(JobEvent.type, JobEvent.data)
        .where(JobEvent.job_id == job_id, JobEvent.type.in_(_TOLD))
        .order_by(JobEvent.seq)
        .execution_options(yield_per=1000)
    )
    async for kind, data in events:
        getattr(stayed, kind)(data)
    return stayed.left(committed)
