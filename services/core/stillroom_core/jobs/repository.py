"""Reads and writes the jobs of one organization."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, literal, select, union_all, update

from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.errors import Conflict, not_found
from stillroom_core.jobs.lifecycle import JobState, StepState
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.keys import first_key_at
from stillroom_core.organizations.models import Organization
from stillroom_core.projects.models import Project

OPEN = (JobState.QUEUED.value, JobState.RUNNING.value)
# People read and paste the first letters of an id; fewer than these are an id of their own ("1", "007").
_SHORTEST_PREFIX = 4
_LAST_CHARACTER = "\U0010ffff"
_MOST_NAMES = 200


@dataclass(frozen=True)
class PlacedJob:
    """A job with the names of where it happens."""

    job: Job
    project: Project
    environment: Environment
    database: Database
    organization: Organization


@dataclass(frozen=True)
class JobFilter:
    """What a listing is narrowed to; empty means everything."""

    project_id: UUID | None = None
    environment: str | None = None
    states: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    actor_name: str | None = None
    revision: str | None = None  # an id or its first letters
    number: int | None = None
    since: datetime | None = None
    until: datetime | None = None  # itself not included
    before: UUID | None = None


class JobRepository:
    """The jobs of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def by_id(self, key: UUID) -> PlacedJob:
        """One job; raises NotFound."""
        row = (await self._session.execute(self._placed().where(Job.id == key))).one_or_none()
        if row is None:
            raise not_found("job")
        return PlacedJob(*row)

    async def listing(self, wanted: JobFilter, *, only: Collection[UUID] | None, limit: int) -> list[PlacedJob]:
        """Jobs, newest first, after the cursor; one query whatever the length."""
        query = self._placed().order_by(Job.id.desc()).limit(limit)
        if only is not None:
            query = query.where(Job.project_id.in_(only))
        if wanted.project_id is not None:
            query = query.where(Job.project_id == wanted.project_id)
        if wanted.environment is not None:
            query = query.where(Environment.slug == wanted.environment)
        if wanted.states:
            query = query.where(Job.state.in_(wanted.states))
        if wanted.kinds:
            query = query.where(Job.kind.in_(wanted.kinds))
        if wanted.actor_name is not None:
            query = query.where(Job.actor_name == wanted.actor_name)
        if wanted.revision is not None:
            query = query.where(Job.id.in_(self._about(wanted.revision)))
        if wanted.number is not None:
            query = query.where(Job.organization_id == self._organization_id, Job.number == wanted.number)
        # A key tells when its row was made, so every index that lists jobs knows their dates.
        if wanted.since is not None:
            query = query.where(Job.id >= first_key_at(wanted.since))
        if wanted.until is not None:
            query = query.where(Job.id < first_key_at(wanted.until))
        if wanted.before is not None:
            query = query.where(Job.id < wanted.before)
        return [PlacedJob(*row) for row in await self._session.execute(query)]

    async def actor_names(self, only: Collection[UUID] | None) -> list[str]:
        """Who asked for jobs, by name, at most 200; each name is one look into the index, however many jobs it has."""
        mine = Job.organization_id == self._organization_id
        seen = () if only is None else (Job.project_id.in_(only),)

        def next_name(after: Any) -> Any:
            return select(Job.actor_name).where(mine, after, *seen).order_by(Job.actor_name).limit(1).scalar_subquery()

        names = select(next_name(literal(True)).label("name"), literal(1).label("n")).cte("names", recursive=True)
        names = names.union_all(
            select(next_name(Job.actor_name > names.c.name), names.c.n + 1).where(
                names.c.name.is_not(None), names.c.n < _MOST_NAMES
            )
        )
        return list(await self._session.scalars(select(names.c.name).where(names.c.name.is_not(None))))

    async def environments(self, *, project_id: UUID | None, only: Collection[UUID] | None) -> list[tuple[str, str]]:
        """The environments that a list can be narrowed to: (slug, name), each slug once."""
        query = select(Environment.slug, func.min(Environment.name)).where(
            Environment.organization_id == self._organization_id
        )
        if only is not None:
            query = query.where(Environment.project_id.in_(only))
        if project_id is not None:
            query = query.where(Environment.project_id == project_id)
        rows = await self._session.execute(query.group_by(Environment.slug).order_by(Environment.slug))
        return [(slug, name) for slug, name in rows]

    async def steps(self, job_id: UUID) -> Sequence[JobStep]:
        """The steps of a job in order."""
        return (
            await self._session.scalars(
                select(JobStep)
                .where(JobStep.job_id == job_id, JobStep.organization_id == self._organization_id)
                .order_by(JobStep.position)
            )
        ).all()

    async def running_steps(self, jobs: Collection[UUID]) -> dict[UUID, JobStep]:
        """The revision that each of several running jobs is at; one query whatever their number."""
        if not jobs:
            return {}
        rows = await self._session.scalars(
            select(JobStep)
            .where(
                JobStep.job_id.in_(jobs),
                JobStep.organization_id == self._organization_id,
                JobStep.kind == "revision",
                JobStep.state == StepState.RUNNING.value,
            )
            .order_by(JobStep.position)
        )
        return {row.job_id: row for row in rows}

    async def open_jobs(self, databases: Collection[UUID]) -> dict[UUID, list[Job]]:
        """The running and queued jobs of several databases, the oldest first."""
        rows = await self._session.scalars(
            select(Job)
            .where(
                Job.database_id.in_(databases),
                Job.organization_id == self._organization_id,
                Job.state.in_(OPEN),
            )
            .order_by(Job.id)
        )
        found: dict[UUID, list[Job]] = {}
        for row in rows:
            found.setdefault(row.database_id, []).append(row)
        return found

    async def with_idempotency_key(self, key: str) -> Job | None:
        """The job that this key made before."""
        found: Job | None = await self._session.scalar(
            select(Job).where(Job.organization_id == self._organization_id, Job.idempotency_key == key)
        )
        return found

    async def next_number(self) -> int:
        """The organization's next job number; the row lock makes numbers unique and gapless."""
        number: int = (
            await self._session.execute(
                update(Organization)
                .where(Organization.id == self._organization_id)
                .values(last_job_number=Organization.last_job_number + 1)
                .returning(Organization.last_job_number)
            )
        ).scalar_one()
        return number

    async def refuse_while_running(
        self, *, project: UUID | None = None, environment: UUID | None = None, database: UUID | None = None
    ) -> None:
        """Raises Conflict while a job runs there: what it works on must not be removed under it."""
        place = {Job.project_id: project, Job.environment_id: environment, Job.database_id: database}
        number = await self._session.scalar(
            select(Job.number)
            .where(
                Job.organization_id == self._organization_id,
                Job.state == JobState.RUNNING.value,
                *(column == key for column, key in place.items() if key is not None),
            )
            .limit(1)
        )
        if number is not None:
            raise Conflict(
                "job_running",
                f"Job #{number} is running there.",
                fix="Wait for it to end, or cancel it, and try again.",
            )

    def add(self, job: Job) -> None:
        """Adds a job of this organization."""
        job.organization_id = self._organization_id
        self._session.add(job)

    def _about(self, revision: str) -> Any:
        """Ids of the jobs that ran a revision, would have run it, or had it for their target."""

        def named(column: Any) -> Any:
            if len(revision) < _SHORTEST_PREFIX:
                return column == revision
            # Byte by byte, and not LIKE: that is not leakproof, so under row level security no index may serve it.
            return and_(
                column.op("~>=~", is_comparison=True)(revision),
                column.op("~<~", is_comparison=True)(revision + _LAST_CHARACTER),
            )

        return union_all(
            select(JobStep.job_id).where(JobStep.organization_id == self._organization_id, named(JobStep.revision)),
            select(Job.id).where(Job.organization_id == self._organization_id, named(Job.revision)),
        )

    def _placed(self) -> Select[Job, Project, Environment, Database, Organization]:
        return (
            select(Job, Project, Environment, Database, Organization)
            .join(Project, Project.id == Job.project_id)
            .join(Environment, Environment.id == Job.environment_id)
            .join(Database, Database.id == Job.database_id)
            .join(Organization, Organization.id == Job.organization_id)
            .where(Job.organization_id == self._organization_id)
        )
