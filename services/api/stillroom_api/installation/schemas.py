"""Shapes of the installation: counts, times and ids, nothing of any tenant."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class _Read(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class Schema(BaseModel):
    """Our own schema."""

    present: str
    needed: str
    fits: str = Field(description="ok, or what is wrong with it")


class WaitingOf(BaseModel):
    """How many jobs of an organization wait."""

    organization_id: UUID
    jobs: int


class Line(BaseModel):
    """A queue of the broker, and how many messages it holds; null while the broker is away."""

    name: str
    messages: int | None


class QueueRead(BaseModel):
    """The queue: rows that wait, and messages in the broker."""

    waiting: int
    by_age: dict[str, int] = Field(description="10s, 1m, 10m, more: jobs that have waited for at most so long")
    oldest_s: float
    running: int
    of_organizations: list[WaitingOf] = Field(description="the twenty with most")
    lines: list[Line]


class WorkerRead(_Read):
    """A worker that lives, or that refused to work."""

    name: str
    level: str
    version: str
    python: str
    slots: int
    busy: int
    draining: bool
    queues: list[str]
    started_at: str
    seen_at: str


class LeaseRead(_Read):
    """A job that runs, and how long its worker has been silent."""

    job_id: UUID
    organization_id: UUID
    kind: str
    level: str | None
    started_at: datetime | None
    silent_s: float
    cancelling: bool


class DoubtRead(_Read):
    """A database on which nothing starts before it was read again."""

    database_id: UUID
    organization_id: UUID
    read_state: str
    since: datetime | None
    error_code: str | None


class FailedLetterRead(_Read):
    """A letter that was not taken; without its words and whom it is to."""

    mail_id: UUID
    tries: int
    error: str
    created_at: datetime
    next_try_at: datetime | None = Field(description="null: it was given up")


class LettersStandingRead(_Read):
    """What is to be handed over, and what was not taken."""

    waiting: int
    given_up: int
    failed: list[FailedLetterRead]


class FailedDeliveryRead(_Read):
    """A message that a webhook did not take; without where it goes and what it says."""

    delivery_id: UUID
    organization_id: UUID
    event: str
    tries: int
    status: int | None
    error: str | None
    created_at: datetime
    next_try_at: datetime | None = Field(description="null: it was given up")


class WebhooksStandingRead(_Read):
    """What is to be sent to webhooks, and what was not taken."""

    waiting: int
    switched_off: int = Field(description="webhooks that were switched off because nothing got through")
    failed: list[FailedDeliveryRead] = Field(description="of the last week, the newest first")


class InstallationRead(BaseModel):
    """How the installation stands."""

    version: str
    at: datetime
    lease_s: int
    table: Schema = Field(alias="schema", serialization_alias="schema")
    broker: str = Field(description="ok, or why it does not answer")
    queue: QueueRead
    workers: list[WorkerRead]
    leases: list[LeaseRead]
    doubts: list[DoubtRead]
    letters: LettersStandingRead
    deliveries: WebhooksStandingRead
    failed_work: dict[str, int] = Field(description="fetches, readings, drafts that failed and wait for somebody")
