"""A job as its watchers see it: read once for all of them, and written out once for all who may do the same."""

from functools import cached_property
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from stillroom_api.jobs.schemas import ActorName, HoldingJob, HoldingSession, JobRead, Waiting, allowed
from stillroom_core.actors.actor import Actor
from stillroom_core.errors import NotFound
from stillroom_core.jobs.lifecycle import JobState, StepState
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.repository import JobRepository, PlacedJob


class JobLook:
    """A job at one moment."""

    def __init__(self, placed: PlacedJob, read: JobRead) -> None:
        self._placed = placed
        self._read = read
        self._texts: dict[tuple[str, ...], str] = {}

    @cached_property
    def text(self) -> str:
        """The job without what somebody may do, as JSON: the same text is the same news."""
        return self._read.model_dump_json()

    def text_for(self, actor: Actor) -> str:
        """The job as JSON for this actor."""
        may = tuple(allowed(self._placed, actor))
        if may not in self._texts:
            self._texts[may] = self._read.model_copy(update={"permissions": list(may)}).model_dump_json()
        return self._texts[may]


async def look_at_job(session: AsyncSession, organization_id: UUID, job_id: UUID) -> JobLook | None:
    """Reads a job for whoever watches it; None when there is none (any more)."""
    repository = JobRepository(session, organization_id)
    try:
        placed = await repository.by_id(job_id)
    except NotFound:
        return None
    return JobLook(placed, await read_job_of(repository, placed, None))


async def read_job_of(repository: JobRepository, placed: PlacedJob, actor: Actor | None) -> JobRead:
    """One job with its steps and, while it waits, its place; without an actor, with nothing that may be done."""
    steps = list(await repository.steps(placed.job.id))
    waiting = await waiting_of(repository, [placed])
    running = next((step for step in steps if step.kind == "revision" and step.state == StepState.RUNNING), None)
    return JobRead.of(placed, actor, steps=steps, running=running, waiting=waiting.get(placed.job.id))


async def waiting_of(repository: JobRepository, page: list[PlacedJob]) -> dict[UUID, Waiting]:
    """Places and holders of those that wait, whatever their number by one query."""
    queued = [placed for placed in page if placed.job.state == JobState.QUEUED]
    found = {placed.job.id: _held_outside(placed.job) for placed in page if placed.job.state == JobState.RUNNING}
    lines = await repository.open_jobs({placed.job.database_id for placed in queued}) if queued else {}
    for placed in queued:
        job, line = placed.job, lines.get(placed.job.database_id, [])
        running = next((other for other in line if other.state == JobState.RUNNING), None)
        ahead = sum(1 for other in line if other.state == JobState.QUEUED and other.id < job.id)
        found[job.id] = Waiting(
            position=ahead + 1,
            holder=_holder(running) if running else None,
            session=HoldingSession.model_validate(running.waits_for) if running and running.waits_for else None,
            unread=not placed.database.trusted,
        )
    return {key: waiting for key, waiting in found.items() if waiting is not None}


def _held_outside(job: Job) -> Waiting | None:
    """A claimed job that waits for somebody who is no job of ours."""
    if job.waits_for is None:
        return None
    return Waiting(position=1, holder=None, session=HoldingSession.model_validate(job.waits_for), unread=False)


def _holder(job: Job) -> HoldingJob:
    return HoldingJob(id=job.id, number=job.number, actor=ActorName(name=job.actor_name), started_at=job.started_at)
