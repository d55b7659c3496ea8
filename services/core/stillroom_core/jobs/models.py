"""Jobs, their steps and their events."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.jobs.lifecycle import JobKind, JobState, StepState
from stillroom_core.tables import Keyed, Table, goes_with


def _one_of(column: str, values: type[JobKind] | type[JobState] | type[StepState]) -> str:
    return f"{column} in ({', '.join(repr(v.value) for v in values)})"


class Job(Keyed, Table):
    """One Alembic operation on one database; while it is queued, this row is the queue."""

    __tablename__ = "jobs"
    __table_args__ = (
        UniqueConstraint("organization_id", "number"),
        UniqueConstraint("organization_id", "id"),
        UniqueConstraint("organization_id", "idempotency_key"),
        goes_with("environments", "project_id", "environment_id"),
        goes_with("databases", "database_id"),
        # Judged at the end of the transaction: deleting a project removes its commits before its jobs.
        ForeignKeyConstraint(
            ["organization_id", "commit_id"],
            ["commits.organization_id", "commits.id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        # Likewise. Unique, because a plan is applied once.
        UniqueConstraint("organization_id", "plan_id"),
        ForeignKeyConstraint(
            ["organization_id", "plan_id"],
            ["plans.organization_id", "plans.id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        # Likewise: the request that others agreed to, and that became this job.
        ForeignKeyConstraint(
            ["organization_id", "request_id"],
            ["approval_requests.organization_id", "approval_requests.id"],
            deferrable=True,
            initially="DEFERRED",
        ),
        CheckConstraint(_one_of("kind", JobKind), name="kind"),
        CheckConstraint(_one_of("state", JobState), name="state"),
        # One running job per database: the second claim violates this index and stays queued.
        Index(
            "uq_jobs_running_database",
            "database_id",
            unique=True,
            postgresql_where=text("state = 'running'"),
        ),
        Index("ix_jobs_waiting", "database_id", "id", postgresql_where=text("state in ('queued', 'running')")),
        Index("ix_jobs_organization_id_id", "organization_id", "id"),
        Index("ix_jobs_organization_id_state_id", "organization_id", "state", "id"),
        Index("ix_jobs_project_id_id", "project_id", "id"),
        Index("ix_jobs_environment_id_id", "environment_id", "id"),
        Index("ix_jobs_organization_id_actor_name_id", "organization_id", "actor_name", "id"),
        Index(
            "ix_jobs_organization_id_revision",
            "organization_id",
            "revision",
            postgresql_ops={"revision": "varchar_pattern_ops"},
        ),
        Index("ix_jobs_request_id", "request_id", postgresql_where=text("request_id is not null")),
        Index(
            "ix_jobs_ledger",
            "database_id",
            "started_at",
            "id",
            postgresql_where=text("started_at is not null and finished_at is not null"),
        ),
        Index("ix_jobs_log_stored", "finished_at", postgresql_where=text("log_stored")),
        Index(
            "ix_jobs_changes_unread",
            "finished_at",
            postgresql_where=text("changes_read_at is null and kind in ('upgrade', 'downgrade', 'command')"),
        ),
    )

    organization_id: Mapped[UUID]
    project_id: Mapped[UUID]
    environment_id: Mapped[UUID]
    database_id: Mapped[UUID] = mapped_column(index=True)
    number: Mapped[int]
    kind: Mapped[str] = mapped_column(String(16))
    revision: Mapped[str | None] = mapped_column(String(300))
    state: Mapped[str] = mapped_column(String(16), server_default=text("'queued'"))
    actor_id: Mapped[UUID | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    actor_name: Mapped[str] = mapped_column(String(200))
    token_name: Mapped[str | None] = mapped_column(String(200))  # the API token through which it was asked for
    reason: Mapped[str | None] = mapped_column(String(500))  # in the words of who asked; a stamp has one
    idempotency_key: Mapped[str | None] = mapped_column(String(200))
    request_digest: Mapped[bytes | None] = mapped_column(LargeBinary)

    commit_id: Mapped[UUID]
    commit_sha: Mapped[str] = mapped_column(String(64))
    ref: Mapped[str] = mapped_column(String(255))
    plan_id: Mapped[UUID | None]  # null for kinds that change nothing, and until the worker has read the database
    # Whether somebody named that plan; an upgrade's that was only made for the job is made again under the lock.
    plan_confirmed: Mapped[bool] = mapped_column(server_default=text("false"))
    request_id: Mapped[UUID | None]
    # Why somebody started it in spite of what stood in its way, and what that was: approvals, window, predecessor …
    override_reason: Mapped[str | None] = mapped_column(Text)
    overrode: Mapped[list[str] | None] = mapped_column(JSONB)

    trail: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # the request's id and trace, for a message sent again
    rung_at: Mapped[datetime | None]  # when its id was last sent to the workers
    attempt: Mapped[UUID | None]  # the token of the worker that claimed it; every later write carries it
    started_at: Mapped[datetime | None]
    heartbeat_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    cancel_requested_at: Mapped[datetime | None]
    cancel_requested_by: Mapped[str | None] = mapped_column(String(200))

    isolation: Mapped[str | None] = mapped_column(String(16))
    runtime: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # versions seen: python, alembic, sqlalchemy …
    heads_before: Mapped[list[str] | None] = mapped_column(JSONB)
    heads_after: Mapped[list[str] | None] = mapped_column(JSONB)
    steps_total: Mapped[int | None]
    steps_done: Mapped[int] = mapped_column(server_default=text("0"))
    last_seq: Mapped[int] = mapped_column(BigInteger, server_default=text("0"))
    outcome: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    aftermath: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # what it left where it did not apply wholly
    invalid_before: Mapped[list[str] | None] = mapped_column(JSONB)  # INVALID indexes that were there already
    waits_for: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # the session that holds the database's lock
    error: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    log_removed_at: Mapped[datetime | None]  # since then nobody is shown events; `log_stored` while some are left
    log_stored: Mapped[bool] = mapped_column(server_default=text("true"))
    changes_read_at: Mapped[datetime | None]  # when its statements were read for what they did to which objects


class JobStep(Table):
    """A part of a job that people see: getting the code, each revision, the final check."""

    __tablename__ = "job_steps"
    __table_args__ = (
        goes_with("jobs", "job_id"),
        CheckConstraint(_one_of("state", StepState), name="state"),
        Index(
            "ix_job_steps_organization_id_revision",
            "organization_id",
            "revision",
            postgresql_ops={"revision": "varchar_pattern_ops"},
            postgresql_where=text("revision is not null"),
        ),
    )

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    position: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    organization_id: Mapped[UUID]
    kind: Mapped[str] = mapped_column(String(16))
    revision: Mapped[str | None] = mapped_column(String(100))
    title: Mapped[str] = mapped_column(String(500))
    state: Mapped[str] = mapped_column(String(16), server_default=text("'pending'"))
    started_at: Mapped[datetime | None]
    duration_ms: Mapped[float | None]
    statements: Mapped[int] = mapped_column(server_default=text("0"))
    detail: Mapped[str | None] = mapped_column(Text)


class JobEvent(Table):
    """One line of a job's stream; `seq` is given once, by the worker, without gaps."""

    __tablename__ = "job_events"
    __table_args__ = (goes_with("jobs", "job_id"),)

    job_id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    organization_id: Mapped[UUID]
    at: Mapped[datetime]
    type: Mapped[str] = mapped_column(String(32))
    data: Mapped[dict[str, Any]]
