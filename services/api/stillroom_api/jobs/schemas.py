"""Shapes of jobs, their steps and their events."""

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from stillroom_api.projects.schemas import ProblemText
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.jobs.lifecycle import FINAL, JobKind, JobState, StepState
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.jobs.outcome import sentence
from stillroom_core.jobs.repository import PlacedJob


class NamedPlace(BaseModel):
    """A project, environment or organization by its names."""

    id: UUID
    slug: str
    name: str

    @classmethod
    def of(cls, row: Any) -> "NamedPlace":
        """From the row."""
        return cls(id=row.id, slug=row.slug, name=row.name)


class NamedDatabase(BaseModel):
    """A database by its name."""

    id: UUID
    name: str


class ActorName(BaseModel):
    """Who asked for it."""

    name: str


class Progress(BaseModel):
    """How many of the planned revisions are through."""

    done: int
    total: int


class Holder(BaseModel):
    """The job that runs on the database now."""

    id: UUID
    number: int


class Waiting(BaseModel):
    """Why a queued job does not run: its place in the queue of its database."""

    position: int
    holder: Holder | None


class Outcome(BaseModel):
    """How it ended: a code with parameters, and the same as an English sentence."""

    code: str
    params: dict[str, Any]
    sentence: str


class StepRead(BaseModel):
    """A part of a job."""

    position: int
    kind: str
    revision: str | None
    title: str
    state: StepState
    started_at: datetime | None
    duration_ms: float | None
    statements: int
    detail: str | None

    @classmethod
    def of(cls, step: JobStep) -> "StepRead":
        """From the row."""
        return cls.model_validate({name: getattr(step, name) for name in cls.model_fields})


class RunningRevision(BaseModel):
    """The revision that a job is at, and since when."""

    revision: str | None
    started_at: datetime | None

    @classmethod
    def of(cls, step: JobStep | None) -> "RunningRevision | None":
        """From the row."""
        return cls(revision=step.revision, started_at=step.started_at) if step else None


class JobRead(BaseModel):
    """A job as people see it."""

    id: UUID
    number: int
    kind: JobKind
    state: JobState
    revision: str | None
    organization: NamedPlace
    project: NamedPlace
    environment: NamedPlace
    database: NamedDatabase
    actor: ActorName
    commit: str
    ref: str
    isolation: str | None
    runtime: dict[str, Any] | None
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    cancel_requested_by: str | None
    plan_id: UUID | None
    plan_confirmed: bool
    heads_before: list[str] | None
    heads_after: list[str] | None
    progress: Progress | None
    waiting: Waiting | None
    outcome: Outcome | None
    error: ProblemText | None
    steps: list[StepRead] = Field(description="empty in a listing")
    running: RunningRevision | None = Field(description="the revision that runs now")
    last_seq: int
    log_removed_at: datetime | None
    permissions: list[str]

    @classmethod
    def of(
        cls,
        placed: PlacedJob,
        actor: Actor,
        *,
        steps: list[JobStep] | None = None,
        running: JobStep | None = None,
        waiting: Waiting | None = None,
    ) -> "JobRead":
        """From the rows, for this actor."""
        job = placed.job
        names = [
            "id",
            "number",
            "kind",
            "state",
            "revision",
            "ref",
            "isolation",
            "runtime",
            "started_at",
            "finished_at",
            "cancel_requested_at",
            "cancel_requested_by",
            "plan_id",
            "plan_confirmed",
            "heads_before",
            "heads_after",
            "error",
            "last_seq",
            "log_removed_at",
        ]
        return cls.model_validate(
            {
                **{name: getattr(job, name) for name in names},
                "organization": NamedPlace.of(placed.organization),
                "project": NamedPlace.of(placed.project),
                "environment": NamedPlace.of(placed.environment),
                "database": NamedDatabase(id=placed.database.id, name=placed.database.name),
                "actor": ActorName(name=job.actor_name),
                "commit": job.commit_sha,
                "requested_at": job.created_at,
                "progress": _progress(job),
                "waiting": waiting,
                "outcome": {**job.outcome, "sentence": sentence(job.outcome)} if job.outcome else None,
                "steps": [StepRead.of(step) for step in steps or []],
                "running": RunningRevision.of(running),
                "permissions": _allowed(job, actor),
            }
        )


class Jobs(BaseModel):
    """A page of jobs, newest first."""

    items: list[JobRead]
    next_cursor: UUID | None


class EventRead(BaseModel):
    """One line of a job's stream."""

    seq: int
    at: datetime
    type: str
    data: dict[str, Any]


class Events(BaseModel):
    """A page of events; ask again with `after=next_after` until it is empty."""

    items: list[EventRead]
    next_after: int


class Ticket(BaseModel):
    """Opens one stream of one job, once, within its life."""

    ticket: str
    expires_in: int


JobStates = Literal["queued", "running", "succeeded", "failed", "cancelled", "lost"]


def _progress(job: Job) -> Progress | None:
    if job.steps_total is None:
        return None
    return Progress(done=job.steps_done, total=job.steps_total)


def _allowed(job: Job, actor: Actor) -> list[str]:
    open_job = JobState(job.state) not in FINAL
    if open_job and actor.may(Permission.JOB_CANCEL, job.project_id):
        return [str(Permission.JOB_CANCEL)]
    return []


class StatementRead(BaseModel):
    """A statement that a revision sent to a database."""

    model_config = ConfigDict(from_attributes=True)

    seq: int = Field(description="its place in the job's stream")
    sql: str
    truncated: bool
    line: int | None = Field(description="in the revision's file")
    ms: float | None
    rows: int | None
    failed: str | None
