"""Shapes of the ledger."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, Field

from stillroom_api.jobs.schemas import ActorName, Outcome, Override
from stillroom_core.jobs.lifecycle import JobKind, JobState, StepState
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.jobs.outcome import sentence
from stillroom_core.ledger.service import Entry


class LedgerRevision(BaseModel):
    """A revision that a job ran: what it was called, how long it took, how many statements it sent."""

    revision: str
    title: str
    state: StepState
    duration_ms: float | None
    statements: int

    @classmethod
    def of(cls, step: JobStep) -> "LedgerRevision":
        """From the row."""
        return cls.model_validate({name: getattr(step, name) for name in cls.model_fields})


class LedgerJob(BaseModel):
    """A job in the ledger."""

    id: UUID
    number: int
    kind: JobKind
    state: JobState
    revision: str | None
    actor: ActorName
    commit: str
    ref: str
    finished_at: datetime
    seconds: float
    outcome: Outcome | None
    override: Override | None
    request_id: UUID | None
    revisions: list[LedgerRevision]

    @classmethod
    def of(cls, job: Job, steps: list[JobStep]) -> "LedgerJob":
        """From the rows."""
        names = ["id", "number", "kind", "state", "revision", "ref", "finished_at", "request_id"]
        return cls.model_validate(
            {
                **{name: getattr(job, name) for name in names},
                "actor": ActorName(name=job.actor_name, token=job.token_name),
                "commit": job.commit_sha,
                "seconds": seconds_of(job),
                "outcome": {**job.outcome, "sentence": sentence(job.outcome)} if job.outcome else None,
                "override": {"reason": job.override_reason, "conditions": job.overrode} if job.overrode else None,
                "revisions": [LedgerRevision.of(step) for step in steps],
            }
        )


class LedgerEntry(BaseModel):
    """One change of a database: by a job, or found to have been made elsewhere."""

    id: UUID
    at: datetime
    kind: Literal["job", "found"]
    heads_before: list[str] | None
    heads_after: list[str] | None
    job: LedgerJob | None = Field(description="null of what no job of Stillroom did")

    @classmethod
    def of(cls, entry: Entry) -> "LedgerEntry":
        """From the rows."""
        job = entry.job
        return cls(
            id=entry.key,
            at=entry.at,
            kind="job" if job else "found",
            heads_before=job.heads_before if job else entry.heads_before,
            heads_after=job.heads_after if job else entry.heads_after,
            job=LedgerJob.of(job, entry.steps) if job else None,
        )


class Ledger(BaseModel):
    """A page of the ledger, newest first."""

    items: list[LedgerEntry]
    next_cursor: str | None


def seconds_of(job: Job) -> float:
    """How long a job ran."""
    return (job.finished_at - job.started_at).total_seconds() if job.finished_at and job.started_at else 0.0
