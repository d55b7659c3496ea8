"""Shapes of the migrations routes."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from stillroom_api.databases.schemas import read_state
from stillroom_api.jobs.schemas import Asking, RunningRevision
from stillroom_api.projects.schemas import BackgroundState, CommitRead
from stillroom_core.actors.actor import Actor
from stillroom_core.changes.change import Action
from stillroom_core.changes.service import RevisionTouches
from stillroom_core.databases.gate import GateAnswer
from stillroom_core.databases.models import Database
from stillroom_core.databases.standing import Standing
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.lifecycle import JobKind, JobState, StepState
from stillroom_core.jobs.runs import PlacedRun, Run, started_at
from stillroom_core.plans.way_back import WayBack
from stillroom_core.projects.traces import Trace


class MoveRequest(Asking):
    """A job to start."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    project: str | None = Field(
        default=None,
        max_length=200,
        description="id, slug, or organization/slug; an API token for one project need not name it",
    )
    environment: str | None = Field(
        default=None, max_length=63, description="slug or id; an API token for one environment need not name it"
    )
    database: str | None = Field(default=None, max_length=200, description="name or id, if there are several")
    revision: str | None = Field(
        default=None, max_length=300, description="id or its beginning, head, heads, base, +n, -n, label@head"
    )
    plan: UUID | None = Field(
        default=None, description="id of a plan that was made and confirmed; exactly that runs, or nothing"
    )
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=200)


class Note(BaseModel):
    """Something about the graph that people should know."""

    model_config = ConfigDict(extra="allow")

    code: str
    detail: str = ""


class GraphProblem(BaseModel):
    """What is wrong with the graph; fatal when Alembic refuses to work with it."""

    code: str
    detail: str
    revisions: list[str]
    fatal: bool


class RevisionRead(BaseModel):
    """One revision in the history."""

    id: str
    down: list[str]
    depends_on: list[str]
    labels: list[str]
    message: str
    author: str | None
    date: datetime | None
    commit: str | None
    path: str
    is_head: bool
    is_base: bool
    is_merge: bool
    is_branch_point: bool


class History(BaseModel):
    """The revisions of the newest commit, newest first."""

    commit: CommitRead
    source: Literal["static", "alembic"] = Field(description="alembic: asked in the sandbox, see notes")
    notes: list[Note]
    problems: list[GraphProblem]
    heads: list[str]
    bases: list[str]
    revisions: list[RevisionRead]


class RevisionWithSource(RevisionRead):
    """One revision with its text."""

    doc: str
    source: str | None
    upgrade_lines: tuple[int, int] | None
    downgrade_lines: tuple[int, int] | None


class JobBrief(BaseModel):
    """The job that runs or waits on a database."""

    id: UUID
    number: int
    kind: JobKind
    state: JobState
    revision: str | None
    actor: str
    done: int
    total: int | None
    started_at: datetime | None
    running: RunningRevision | None = Field(description="the revision that runs now")


class DatabaseStanding(BaseModel):
    """Where one database stands. Null: never read."""

    id: UUID
    name: str
    heads: list[str] | None
    heads_read_at: datetime | None
    read: BackgroundState
    at_head: bool | None
    behind: int | None
    unknown: list[str]
    trusted: bool
    job: JobBrief | None

    @classmethod
    def of(cls, standing: Standing) -> "DatabaseStanding":
        """From what was found."""
        database, job = standing.database, standing.job
        return cls(
            id=database.id,
            name=database.name,
            heads=database.heads,
            heads_read_at=database.heads_read_at,
            read=read_state(database),
            at_head=standing.at_head,
            behind=standing.behind,
            unknown=list(standing.unknown),
            trusted=database.trusted,
            job=JobBrief(
                id=job.id,
                number=job.number,
                kind=JobKind(job.kind),
                state=JobState(job.state),
                revision=job.revision,
                actor=job.actor_name,
                done=job.steps_done,
                total=job.steps_total,
                started_at=job.started_at,
                running=RunningRevision.of(standing.step),
            )
            if job
            else None,
        )


class EnvironmentStanding(BaseModel):
    """An environment with its databases."""

    id: UUID
    slug: str
    name: str
    protected: bool
    permissions: list[str]
    databases: list[DatabaseStanding]

    @classmethod
    def of(cls, environment: Environment, standings: list[Standing], actor: Actor) -> "EnvironmentStanding":
        """From what was found, for this actor."""
        return cls(
            id=environment.id,
            slug=environment.slug,
            name=environment.name,
            protected=environment.protected,
            permissions=sorted(actor.permissions(environment.project_id, environment)),
            databases=[DatabaseStanding.of(standing) for standing in standings],
        )


class Current(BaseModel):
    """Where every database of a project stands."""

    commit: CommitRead | None
    environments: list[EnvironmentStanding]


class GateRead(BaseModel):
    """Whether a database is where a program needs it, and how fresh that is."""

    open: bool
    code: str = Field(
        description="there, not_there, reading, moving, untrusted, unreachable, commit_unknown, revision_unknown"
    )
    title: str
    environment: str
    database: str
    wanted: list[str] = Field(description="the revisions that must be there")
    commit: str | None = Field(description="by which the revisions were found")
    heads: list[str] | None
    read_at: datetime | None
    age_s: float | None = Field(description="how many seconds ago the heads were read")
    fresh: bool = Field(description="the reading is as fresh as was asked for")
    pending: bool = Field(description="asking again soon may give another answer")
    job: int | None = Field(description="the number of the job that moves the database now")

    @classmethod
    def of(cls, environment: Environment, database: Database, answer: GateAnswer) -> "GateRead":
        """From the answer."""
        return cls(
            open=answer.open,
            code=answer.code,
            title=answer.told,
            environment=environment.slug,
            database=database.name,
            wanted=list(answer.wanted),
            commit=answer.commit_sha,
            heads=list(answer.heads) if answer.heads is not None else None,
            read_at=answer.read_at,
            age_s=round(answer.age.total_seconds(), 1) if answer.age is not None else None,
            fresh=answer.fresh,
            pending=answer.pending and not answer.open,
            job=answer.job,
        )


class RevisionRun(BaseModel):
    """The newest run of a revision on a database."""

    revision: str
    state: StepState
    started_at: datetime | None
    duration_ms: float | None


class JobRuns(BaseModel):
    """A job with the revisions whose newest run on its database is that job."""

    id: UUID
    number: int
    kind: JobKind
    actor: str
    database: UUID
    runs: list[RevisionRun]


class Runs(BaseModel):
    """Which job brought each database to each revision."""

    jobs: list[JobRuns]

    @classmethod
    def of(cls, found: list[Run]) -> "Runs":
        """From what was found, by job."""
        jobs: dict[UUID, JobRuns] = {}
        for run in found:
            job, step = run.job, run.step
            if job.id not in jobs:
                jobs[job.id] = JobRuns(
                    id=job.id,
                    number=job.number,
                    kind=JobKind(job.kind),
                    actor=job.actor_name,
                    database=job.database_id,
                    runs=[],
                )
            jobs[job.id].runs.append(
                RevisionRun(
                    revision=step.revision or "",
                    state=StepState(step.state),
                    started_at=started_at(run),
                    duration_ms=step.duration_ms,
                )
            )
        return cls(jobs=list(jobs.values()))


class RunRead(BaseModel):
    """One run of one revision."""

    job: UUID
    number: int
    kind: JobKind
    actor: str
    environment: str
    database: str
    state: StepState
    started_at: datetime | None
    duration_ms: float | None
    statements: int

    @classmethod
    def of(cls, run: PlacedRun) -> "RunRead":
        """From the rows."""
        return cls(
            job=run.job.id,
            number=run.job.number,
            kind=JobKind(run.job.kind),
            actor=run.job.actor_name,
            environment=run.environment.name,
            database=run.database.name,
            state=StepState(run.step.state),
            started_at=started_at(run),
            duration_ms=run.step.duration_ms,
            statements=run.step.statements,
        )


class WayBackRead(BaseModel):
    """A downgrade with the code of the earlier commit; plan it with that `commit`."""

    revision: str = Field(description="its target")
    undoes: list[str] = Field(description="exactly the revisions that the newest commit does not have, in order")


class ChangeRead(BaseModel):
    """One thing that is done to one object. `unread`: nobody can say to which; `name` is the statement's beginning."""

    action: Action
    kind: str
    schema_name: str = Field(description="empty where none was written")
    table: str = Field(description="whose part it is")
    name: str
    to: str = Field(description="the new name, where it was renamed")
    to_schema: str
    line: int | None


class RevisionChanges(BaseModel):
    """What a revision does to which objects. Without a job its source says so; null: nobody could read it."""

    job: UUID | None
    job_number: int | None
    environment: str | None
    database: str | None
    changes: list[ChangeRead] | None

    @classmethod
    def of(cls, found: RevisionTouches) -> "RevisionChanges":
        """From what was found."""
        changes = found.changes
        return cls(
            job=found.job.id if found.job else None,
            job_number=found.job.number if found.job else None,
            environment=found.environment.slug if found.environment else None,
            database=found.database.name if found.database else None,
            changes=None
            if changes is None
            else [
                ChangeRead(
                    action=one.action,
                    kind=one.kind,
                    schema_name=one.schema,
                    table=one.table,
                    name=one.name,
                    to=one.to,
                    to_schema=one.to_schema,
                    line=one.line,
                )
                for one in changes
            ],
        )


class TraceRead(BaseModel):
    """Where a revision was last seen; all null when no commit that was read had it."""

    commit: CommitRead | None
    path: str | None
    message: str | None
    gone_in: CommitRead | None = Field(description="the next commit that was read, which has it no more")
    way_back: WayBackRead | None = Field(description="of the database that was named, where one downgrade undoes them")

    @classmethod
    def of(cls, trace: Trace | None, way: WayBack | None) -> "TraceRead":
        """From what was found."""
        if trace is None:
            return cls(commit=None, path=None, message=None, gone_in=None, way_back=None)
        return cls(
            commit=CommitRead.of(trace.commit),
            path=trace.path,
            message=trace.message,
            gone_in=CommitRead.of(trace.gone_in) if trace.gone_in else None,
            way_back=WayBackRead(revision=way.revision, undoes=way.undoes) if way else None,
        )
