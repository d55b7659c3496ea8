"""Where every database stands on a commit's graph: behind by how many, at which unknown revision."""

from dataclasses import dataclass
from uuid import UUID

from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.databases.repository import DatabaseRepository
from stillroom_core.environments.models import Environment
from stillroom_core.environments.repository import EnvironmentRepository
from stillroom_core.jobs.lifecycle import JobState
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.jobs.repository import JobRepository
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit, Project
from stillroom_core.revisions.graph import Graph


@dataclass(frozen=True)
class Standing:
    """One database against the graph. None means that it was never read."""

    database: Database
    at_head: bool | None
    behind: int | None
    unknown: tuple[str, ...]
    job: Job | None
    step: JobStep | None  # the revision that the job is at


async def standings(
    session: Session, actor: Actor, project: Project, commit: Commit | None, environment: str | None = None
) -> list[tuple[Environment, list[Standing]]]:
    """Every environment with its databases; four queries whatever their number."""
    environments = [
        found
        for found in await EnvironmentRepository(session, actor.organization_id).listing(project.id)
        if environment in (None, found.slug, str(found.id))
    ]
    databases = await DatabaseRepository(session, actor.organization_id).of_environments(
        [found.id for found in environments]
    )
    keys = [database.id for group in databases.values() for database in group]
    repository = JobRepository(session, actor.organization_id)
    jobs = {key: _nearest(waiting) for key, waiting in (await repository.open_jobs(keys)).items()}
    steps = await repository.running_steps([job.id for job in jobs.values()])
    graph = graph_of(commit) if commit else None
    return [
        (found, [_standing(database, graph, jobs.get(database.id), steps) for database in databases[found.id]])
        for found in environments
    ]


def _nearest(open_jobs: list[Job]) -> Job:
    """The running one if there is one, else the first that waits."""
    return next((job for job in open_jobs if job.state == JobState.RUNNING), open_jobs[0])


def _standing(database: Database, graph: Graph | None, job: Job | None, steps: dict[UUID, JobStep]) -> Standing:
    step = steps.get(job.id) if job else None
    if graph is None or database.heads is None:
        return Standing(database, None, None, (), job, step)
    unknown = tuple(head for head in database.heads if head not in graph)
    known = [head for head in database.heads if head in graph]
    behind = len(graph) - len(graph.ancestors(known))
    return Standing(database, behind == 0 and not unknown, behind, unknown, job, step)
