"""Shapes of plans."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from stillroom_api.jobs.schemas import ActorName, Holder, NamedDatabase, NamedPlace
from stillroom_api.projects.schemas import CommitRead
from stillroom_core.approvals.outlook import Outlook
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.plans.repository import PlacedPlan


class PlanRequest(BaseModel):
    """A move to plan."""

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
    kind: Literal["upgrade", "downgrade", "stamp", "command"]
    revision: str | None = Field(
        default=None, max_length=300, description="id or its beginning, head, heads, base, +n, -n, label@head"
    )
    commit: str | None = Field(
        default=None,
        pattern="^[0-9a-f]{40}([0-9a-f]{24})?$",
        description="of a downgrade: run the code of this earlier commit, which still has the revisions; see a "
        "revision's trace",
    )


class PlannedStep(BaseModel):
    """One revision that will run, or one row that a stamp writes."""

    revision: str
    message: str
    direction: Literal["upgrade", "downgrade", "stamp"]


class Nothing(BaseModel):
    """Why there is nothing to do."""

    code: str
    title: str
    fix: str


class ApproverName(BaseModel):
    """Somebody who may approve."""

    name: str


class OpeningRead(BaseModel):
    """Whether the environment takes changes now, and until when that is so; null where no end is in sight."""

    open: bool
    until: datetime | None
    because: Literal["window", "freeze"] | None
    reason: str = Field(description="of the freeze")


class MissingRun(BaseModel):
    """What the environment before has not done; without a revision: the plan as a whole."""

    model_config = ConfigDict(from_attributes=True)

    revision: str | None
    message: str
    database: str | None
    reason: Literal["not_run", "not_succeeded", "taken_back", "other_content", "no_database"]


class PredecessorRead(BaseModel):
    """The environment that must have run everything first, and what it lacks; at most the first 100."""

    environment: NamedPlace
    missing: list[MissingRun]
    missing_count: int


class NamedRequest(BaseModel):
    """A request for approval."""

    id: UUID
    state: Literal["open", "approved", "started", "rejected", "withdrawn", "expired", "void"]


class ConditionsRead(BaseModel):
    """What stands between the plan and its job, for who looks at it."""

    approvals: int = Field(description="how many others must agree if I ask; 0: nobody")
    approver_role: Literal["maintainer", "admin", "owner"]
    approver_group: str | None
    approvers: list[ApproverName] = Field(description="who may agree; at most 50")
    opening: OpeningRead
    predecessor: PredecessorRead | None
    request: NamedRequest | None = Field(description="the last request for this very plan")
    unmet: list[str] = Field(description="approvals, window, freeze, predecessor: what an override would pass over")
    may_ask: bool
    may_override: bool

    @classmethod
    def of(cls, outlook: Outlook) -> "ConditionsRead":
        """From the outlook."""
        conditions, place = outlook.conditions, outlook.policy.environment
        first = conditions.precedence
        return cls(
            approvals=conditions.approvals,
            approver_role=place.approver_role,
            approver_group=outlook.policy.group.name if outlook.policy.group else None,
            approvers=[ApproverName(name=one.name) for one in outlook.approvers[:50]],
            opening=OpeningRead(
                open=conditions.opening.open,
                until=conditions.opening.until,
                because=conditions.opening.because,
                reason=conditions.opening.reason,
            ),
            predecessor=PredecessorRead(
                environment=NamedPlace.of(first.environment),
                missing=[MissingRun.model_validate(one) for one in first.missing[:100]],
                missing_count=len(first.missing),
            )
            if first
            else None,
            request=NamedRequest(id=outlook.request.id, state=outlook.request.state) if outlook.request else None,
            unmet=conditions.unmet(),
            may_ask=outlook.may_ask,
            may_override=outlook.may_override,
        )


class PlanRead(BaseModel):
    """What one job will do to one database. Null steps: only the project's own code knows them."""

    id: UUID
    digest: str = Field(description="SHA-256 over all that is promised; the same promise has the same digest")
    kind: JobKind
    revision: str | None
    project: NamedPlace
    environment: NamedPlace
    database: NamedDatabase
    commit: str
    chosen: CommitRead | None = Field(description="The commit, where it was named; it may be older than the newest one")
    heads: list[str]
    heads_after: list[str] | None
    steps: list[PlannedStep] | None
    nothing: Nothing | None
    command: list[str] | None
    bootstrap: list[str] | None
    actor: ActorName
    created_at: datetime
    expires_at: datetime
    job: Holder | None = Field(description="The job that applied it; a plan is applied once")
    conditions: ConditionsRead | None = Field(description="null once it was applied")

    @classmethod
    def of(cls, placed: PlacedPlan, outlook: Outlook | None) -> "PlanRead":
        """From the rows."""
        plan = placed.plan
        names = [
            "id",
            "digest",
            "kind",
            "revision",
            "heads",
            "heads_after",
            "steps",
            "nothing",
            "command",
            "bootstrap",
            "created_at",
            "expires_at",
        ]
        return cls.model_validate(
            {
                **{name: getattr(plan, name) for name in names},
                "project": NamedPlace.of(placed.project),
                "environment": NamedPlace.of(placed.environment),
                "database": NamedDatabase(id=placed.database.id, name=placed.database.name),
                "commit": plan.commit_sha,
                "chosen": CommitRead.of(placed.commit) if plan.commit_chosen else None,
                "actor": ActorName(name=plan.actor_name),
                "job": Holder(id=placed.job.id, number=placed.job.number) if placed.job else None,
                "conditions": ConditionsRead.of(outlook) if outlook else None,
            }
        )
