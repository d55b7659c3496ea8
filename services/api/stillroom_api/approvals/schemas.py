"""Shapes of requests for approval."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from stillroom_api.environments.schemas import ApproverRole
from stillroom_api.jobs.schemas import ActorName, Holder, NamedDatabase, NamedPlace
from stillroom_api.plans.schemas import ApproverName, PlanRead
from stillroom_core.jobs.lifecycle import JobKind

RequestState = Literal["open", "approved", "started", "rejected", "withdrawn", "expired", "void"]
Comment = Annotated[str, StringConstraints(strip_whitespace=True, max_length=2000)]


class Verdict(BaseModel):
    """An approval."""

    model_config = ConfigDict(extra="forbid")

    comment: Comment = ""


class Rejection(BaseModel):
    """A rejection, which says why."""

    model_config = ConfigDict(extra="forbid")

    comment: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)]


class DecisionRead(BaseModel):
    """What one person decided."""

    name: str
    verdict: Literal["approve", "reject"]
    comment: str | None
    decided_at: datetime
    counts: bool = Field(description="false of an approval by somebody who may not approve any more")
    mine: bool


class Ended(BaseModel):
    """Why nothing came of a request that nobody decided about."""

    code: Literal["expired", "plan_stale", "plan_expired", "requester_gone", "project_moved"]
    sentences: list[str] = Field(description="what moved since the plan was made")


class RequestRead(BaseModel):
    """A plan that waits for the approval of others, or did."""

    id: UUID
    state: RequestState
    ended: Ended | None
    kind: JobKind
    revision: str | None
    organization: str
    project: NamedPlace
    environment: NamedPlace
    database: NamedDatabase
    commit: str
    digest: str
    revisions: int | None = Field(description="how many will run; null where only the project's code knows")
    plan_id: UUID
    actor: ActorName
    reason: str | None = Field(description="of who asked")
    asked_at: datetime
    expires_at: datetime
    closed_at: datetime | None
    closed_by: str | None
    needed: int = Field(description="how many must agree, by what the environment asks for now")
    approver_role: ApproverRole
    approver_group: str | None
    decisions: list[DecisionRead]
    job: Holder | None
    permissions: list[str] = Field(
        description="job.approve: decide about it; job.cancel: withdraw it; job.override: start it without the others"
    )
    opens_at: datetime | None = Field(description="approved, but changes are not taken before this moment")


class RequestDetail(RequestRead):
    """A request with its plan, and everybody who may decide about it now."""

    plan: PlanRead
    approvers: list[ApproverName]


class Requests(BaseModel):
    """A page of requests, newest first."""

    items: list[RequestRead]
    next_cursor: UUID | None


class RequestQuery(BaseModel):
    """Which requests are meant."""

    show: Literal["waiting", "open", "mine", "decided"] = Field(
        default="waiting", description="those that wait for me; all that wait; those I made; those with an end"
    )
    cursor: UUID | None = None
    limit: int = Field(default=50, ge=1, le=200)


class RequestCount(BaseModel):
    """How many requests wait for me; more than a hundred are a hundred."""

    waiting: int
