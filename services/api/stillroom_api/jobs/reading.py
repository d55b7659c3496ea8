"""Jobs with what the row alone does not say: steps and the place in the queue."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from stillroom_api.authorization import named_project
from stillroom_api.jobs.look import read_job_of, waiting_of
from stillroom_api.jobs.schemas import JobPage, JobQuery, JobRead, Jobs
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.repository import act_as, actor_in, actors_of
from stillroom_core.errors import Invalid, not_found
from stillroom_core.jobs.lifecycle import JobState
from stillroom_core.jobs.repository import JobFilter, JobRepository, PlacedJob
from stillroom_core.jobs.service import list_jobs
from stillroom_core.members.models import User


async def read_job(session: AsyncSession, actor: Actor, placed: PlacedJob) -> JobRead:
    """One job with its steps and, while it waits, its place."""
    return await read_job_of(JobRepository(session, actor.organization_id), placed, actor)


async def meant(session: AsyncSession, person: User, query: JobQuery) -> tuple[Actor, JobFilter]:
    """The person as an actor of the organization that is asked about, and the filter; raises NotFound, Invalid."""
    org, project, project_id = query.org, query.project, None
    if project is not None:
        # Its organization may stand in front of it, beside it, or in both places.
        within, _, slug = project.rpartition("/")
        if org and within and within != org:
            raise not_found("project")
        where = await named_project(session, person, f"{org}/{slug}" if org else project)
        actor, project_id = where.actor, where.project.id
    else:
        actor = await _organization(session, person, org)
    return actor, JobFilter(
        project_id,
        query.environment,
        states=tuple(query.state),
        kinds=tuple(query.kind),
        actor_name=query.actor,
        revision=query.revision,
        number=query.number,
        since=query.since,
        until=query.until,
    )


async def read_page(session: AsyncSession, actor: Actor, wanted: JobFilter, query: JobPage) -> Jobs:
    """A page of those jobs, newest first."""
    placed = await list_jobs(session, actor, replace(wanted, before=query.cursor), limit=query.limit + 1)
    page = placed[: query.limit]
    repository = JobRepository(session, actor.organization_id)
    waiting = await waiting_of(repository, page)
    running = await repository.running_steps([item.job.id for item in page if item.job.state == JobState.RUNNING])
    return Jobs(
        items=[
            JobRead.of(item, actor, running=running.get(item.job.id), waiting=waiting.get(item.job.id)) for item in page
        ],
        next_cursor=page[-1].job.id if len(placed) > query.limit else None,
    )


async def _organization(session: AsyncSession, person: User, org: str | None) -> Actor:
    if org is not None:
        return await actor_in(session, person, slug=org)
    actors = await actors_of(session, person)
    if len(actors) == 1:
        await act_as(session, actors[0])
        return actors[0]
    raise Invalid(
        "organization_missing",
        "Which organization is meant?",
        fix="Give the parameter org or project.",
        fields={"org": "required here"},
    )
