"""Shapes of jobs, their steps and their events."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from stillroom_api.projects.schemas import ProblemText
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.jobs.lifecycle import FINAL, JobKind, JobState, StepState
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.jobs.outcome import aftermath_sentence, sentence
from stillroom_core.jobs.repository import PlacedJob
from stillroom_core.jobs.resuming import may_be_resumed
from stillroom_core.jobs.rights import PERMISSION_FOR, may_ask
from stillroom_core.jobs.service import Choices, may_cancel


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
    """Who asked for it, and through which API token."""

    name: str
    token: str | None = None


class Progress(BaseModel):
    """How many of the planned revisions are through."""

    done: int
    total: int


class Holder(BaseModel):
    """A job by its number."""

    id: UUID
    number: int


class HoldingJob(Holder):
    """The job that runs on the database now, and whose it is."""

    actor: ActorName
    started_at: datetime | None


class HoldingSession(BaseModel):
    """A session of somebody else that holds the database's lock: a terminal, or another Stillroom."""

    application: str
    username: str
    pid: int
    since: datetime | None


class Waiting(BaseModel):
    """Why a job does not go on: its place in the line of its database (1 is next), and who holds that."""

    position: int
    holder: HoldingJob | None
    session: HoldingSession | None
    unread: bool
    """The database must be read again first, because a job on it was lost."""


class LeftThing(BaseModel):
    """One thing that a job left in the database, with the statement that removes it where there is one."""

    what: Literal["invalid_index", "statement"]
    text: str
    revision: str | None
    line: int | None
    certain: bool
    cleanup: str | None


class Aftermath(BaseModel):
    """What a job left that did not apply wholly, read from the database after its end.

    `committed` are the revisions that were applied (or reverted) for good, in their order, the last hundred;
    `current` is the one in which the job ended, null where it was between two.
    """

    committed: list[str]
    committed_count: int
    current: str | None
    left: list[LeftThing]
    left_count: int
    sentence: str


class Outcome(BaseModel):
    """How it ended: a code with parameters, and the same as an English sentence."""

    code: str
    params: dict[str, Any]
    sentence: str


class Override(BaseModel):
    """Why somebody started a job in spite of what stood in its way, and what that was."""

    reason: str
    conditions: list[Literal["approvals", "window", "freeze", "predecessor"]]


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
    reason: str | None
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
    request_id: UUID | None = Field(description="the request that others approved")
    override: Override | None
    heads_before: list[str] | None
    heads_after: list[str] | None
    progress: Progress | None
    waiting: Waiting | None
    outcome: Outcome | None
    aftermath: Aftermath | None
    resumable: bool
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
        actor: Actor | None,
        *,
        steps: list[JobStep] | None = None,
        running: JobStep | None = None,
        waiting: Waiting | None = None,
    ) -> "JobRead":
        """From the rows, for this actor; without one, with nothing that may be done."""
        job = placed.job
        names = [
            "id",
            "number",
            "kind",
            "state",
            "revision",
            "reason",
            "ref",
            "isolation",
            "runtime",
            "started_at",
            "finished_at",
            "cancel_requested_at",
            "cancel_requested_by",
            "plan_id",
            "plan_confirmed",
            "request_id",
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
                "actor": ActorName(name=job.actor_name, token=job.token_name),
                "commit": job.commit_sha,
                "requested_at": job.created_at,
                "override": Override.model_validate({"reason": job.override_reason, "conditions": job.overrode})
                if job.override_reason and job.overrode
                else None,
                "progress": _progress(job),
                "waiting": waiting,
                "outcome": {**job.outcome, "sentence": sentence(job.outcome)} if job.outcome else None,
                "aftermath": _aftermath(job),
                "resumable": may_be_resumed(job),
                "steps": [StepRead.of(step) for step in steps or []],
                "running": RunningRevision.of(running),
                "permissions": allowed(placed, actor) if actor else [],
            }
        )


class Jobs(BaseModel):
    """A page of jobs, newest first."""

    items: list[JobRead]
    next_cursor: UUID | None


JobStates = Literal["queued", "running", "succeeded", "failed", "cancelled", "lost"]


class JobQuery(BaseModel):
    """Which jobs are meant; what is left out does not narrow."""

    org: str | None = Field(default=None, max_length=63)
    project: str | None = Field(default=None, max_length=200)
    environment: str | None = Field(default=None, max_length=63)
    state: list[JobStates] = []
    kind: list[JobKind] = []
    actor: str | None = Field(
        default=None, max_length=200, description="the name of who asked, as GET /jobs/choices has it"
    )
    revision: str | None = Field(
        default=None, min_length=1, max_length=300, description="an id or its first letters, at least four of them"
    )
    number: int | None = Field(default=None, ge=1, le=2**31 - 1, description="the one job of that number")
    since: AwareDatetime | None = Field(default=None, description="asked for at or after this moment")
    until: AwareDatetime | None = Field(default=None, description="asked for before this moment")


class JobPage(JobQuery):
    """Which jobs, from where on, and how many."""

    cursor: UUID | None = None
    limit: int = Field(default=50, ge=1, le=200)


class EnvironmentChoice(BaseModel):
    """An environment by its names; in a whole organization several projects may have one of that slug."""

    slug: str
    name: str


class JobChoices(BaseModel):
    """What a list of jobs can be narrowed to."""

    actors: list[str]
    environments: list[EnvironmentChoice]

    @classmethod
    def of(cls, found: Choices) -> "JobChoices":
        """From the service."""
        return cls(
            actors=found.actors,
            environments=[EnvironmentChoice(slug=slug, name=name) for slug, name in found.environments],
        )


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


class Asking(BaseModel):
    """What may be said with every move."""

    reason: str | None = Field(
        default=None,
        max_length=500,
        pattern=r"^[^\x00-\x1f]*$",
        description="why, on one line, also for those whose approval is needed; a stamp needs one. Kept with the job "
        "and in the audit log",
    )
    override: Annotated[str, StringConstraints(strip_whitespace=True, min_length=5, max_length=1000)] | None = Field(
        default=None,
        description="the reason to start without approvals, outside the change window, or before the environment "
        "that goes first; kept and audited, and only for whoever has job.override",
    )


class ResumeRequest(Asking):
    """Going on with a job that stopped."""

    model_config = ConfigDict(extra="forbid")

    plan: UUID | None = Field(default=None, description="id of the plan that was confirmed; exactly that runs")
    idempotency_key: str | None = Field(default=None, min_length=1, max_length=200)


def _aftermath(job: Job) -> dict[str, Any] | None:
    return {**job.aftermath, "sentence": aftermath_sentence(job.aftermath)} if job.aftermath else None


def _progress(job: Job) -> Progress | None:
    if job.steps_total is None:
        return None
    return Progress(done=job.steps_done, total=job.steps_total)


def allowed(placed: PlacedJob, actor: Actor) -> list[str]:
    """What the actor may do with the job in the state that it is in."""
    job = placed.job
    if JobState(job.state) not in FINAL:
        may = [str(Permission.JOB_CANCEL)] if may_cancel(actor, placed) else []
        if actor.may(Permission.ACTIVITY_CANCEL, job.project_id, placed.environment):
            may.append(str(Permission.ACTIVITY_CANCEL))  # of those who hold it up, and those whom it holds up
        return may
    kind = JobKind(job.kind)
    if may_be_resumed(job) and may_ask(actor, placed.environment, kind):
        return [str(PERMISSION_FOR[kind])]
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
