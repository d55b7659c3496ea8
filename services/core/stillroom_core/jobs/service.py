"""Starting, listing and cancelling jobs."""

import hashlib
import json
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.errors import Conflict, Invalid, not_found
from stillroom_core.happenings.telling import emit_job_end
from stillroom_core.jobs.conditions import Passed, check_conditions, conditions_of
from stillroom_core.jobs.lifecycle import CHANGES_DATABASE, FINAL, JobKind, JobState
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.outcome import outcome
from stillroom_core.jobs.queue import RUN_JOB, Ring, ring_after_commit
from stillroom_core.jobs.repository import JobFilter, JobRepository, PlacedJob
from stillroom_core.keys import new_key
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.plans.service import check_revision_given, commit_of_plan, knows_heads, named_plan, new_plan
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import required_commit
from stillroom_core.revisions.planner import resolve
from stillroom_core.tables import now
from stillroom_core.telemetry.trail import carried


async def start_job(
    session: Session,
    actor: Actor,
    *,
    project: Project,
    environment: Environment,
    database: Database,
    kind: JobKind,
    revision: str | None,
    plan_id: UUID | None = None,
    reason: str | None = None,
    idempotency_key: str | None = None,
    passed: Passed | None = None,
) -> PlacedJob:
    """Queues a job that applies a plan: the one that is named, or one that is made now.

    The same idempotency key returns the same job. What can be refused now is refused now: an unknown or ambiguous
    revision, several heads, a plan that no longer holds. Where the database was never read, the worker plans under
    its lock. Raises Conflict while the project has not been fetched, Invalid for a target that cannot be reached
    and for a stamp without a reason.

    No job passes the conditions of its environment but here: raises Conflict (`approval_needed`, `window_closed`,
    `frozen`, `predecessor_missing`) unless `passed` says what lets it through.
    """
    passed = passed or Passed()
    repository = JobRepository(session, actor.organization_id)
    digest = passed.digest or digest_of_move(project, environment, database, kind, revision, plan_id, reason)
    if idempotency_key and (made := await repository.with_idempotency_key(idempotency_key)):
        if made.request_digest != digest:
            raise Conflict(
                "idempotency_key_reused",
                "This idempotency key was used for another request.",
                fix="Use a new key for each different request.",
            )
        return await repository.by_id(made.id)
    check_reason(kind, reason)
    commit = await required_commit(session, actor, project)
    plan = None
    if plan_id is not None:
        plan = await named_plan(
            session,
            actor,
            plan_id,
            project=project,
            environment=environment,
            database=database,
            kind=kind,
            revision=revision,
        )
        revision = plan.revision
        commit = await commit_of_plan(session, actor, project, plan)
    else:
        check_revision_given(kind, revision)
        if kind in CHANGES_DATABASE and knows_heads(database):
            plan = await new_plan(session, actor, project, environment, database, commit, kind, revision)
        elif commit.complete and kind is JobKind.UPGRADE and not (revision or "").startswith(("+", "-")):
            # Where it starts is not known yet, but whether there is such a revision is.
            resolve(graph_of(commit), kind.value, revision or "", [])
    conditions = await conditions_of(session, actor, environment, kind, plan, commit)
    overrode = check_conditions(actor, environment, conditions, passed)
    job = Job(
        id=new_key(),
        project_id=project.id,
        environment_id=environment.id,
        database_id=database.id,
        number=await repository.next_number(),
        kind=kind.value,
        revision=revision,
        state=JobState.QUEUED.value,
        actor_id=actor.user_id,
        actor_name=actor.name,
        token_name=actor.scope.token_name if actor.scope else passed.token_name,
        reason=reason,
        idempotency_key=idempotency_key,
        request_digest=digest,
        commit_id=commit.id,
        commit_sha=commit.sha,
        ref=commit.ref,
        plan_id=plan.id if plan else None,
        plan_confirmed=plan_id is not None or conditions.strict,
        request_id=passed.request_id,
        override_reason=passed.override if overrode else None,
        overrode=overrode or None,
        steps_done=0,
        last_seq=0,
        trail=carried() or None,
        rung_at=func.clock_timestamp(),  # the server's clock, by which the sweeper judges
    )
    repository.add(job)
    await session.flush()
    ring_after_commit(session, Ring(RUN_JOB, job.id))
    notice_after_commit(session, actor.organization_id, project.id, About.JOBS)
    return await repository.by_id(job.id)


async def organization_of(session: Session, key: UUID) -> UUID | None:
    """Whose a job is, before it is known who asks; None when there is none."""
    found: UUID | None = await session.scalar(select(Job.organization_id).where(Job.id == key))
    return found


async def find_job(session: Session, actor: Actor, key: UUID) -> PlacedJob:
    """One job; NotFound when absent or in a project that the actor does not see."""
    placed = await JobRepository(session, actor.organization_id).by_id(key)
    if not actor.sees_project(placed.job.project_id):
        raise not_found("job")
    return placed


async def list_jobs(session: Session, actor: Actor, wanted: JobFilter, *, limit: int) -> list[PlacedJob]:
    """Jobs that the actor may see, newest first."""
    repository = JobRepository(session, actor.organization_id)
    return await repository.listing(wanted, only=actor.visible_projects(), limit=limit)


def may_cancel(actor: Actor, placed: PlacedJob) -> bool:
    """Whether the actor may cancel this job: their own with one permission, anybody's with another."""
    granted = actor.permissions(placed.job.project_id, placed.environment)
    own = placed.job.actor_id == actor.user_id
    return Permission.JOB_CANCEL_ANY in granted or (own and Permission.JOB_CANCEL in granted)


@dataclass(frozen=True)
class Choices:
    """What a list of jobs can be narrowed to: names of actors, and environments by (slug, name)."""

    actors: list[str]
    environments: list[tuple[str, str]]


async def choices(session: Session, actor: Actor, project_id: UUID | None) -> Choices:
    """Who asked for jobs in the organization, and the environments of it or of one project, as far as one sees."""
    repository, only = JobRepository(session, actor.organization_id), actor.visible_projects()
    return Choices(
        actors=await repository.actor_names(only),
        environments=await repository.environments(project_id=project_id, only=only),
    )


async def cancel_job(session: Session, actor: Actor, placed: PlacedJob) -> PlacedJob:
    """Cancels a queued job at once and asks the worker of a running one to stop; repeating changes nothing."""
    job = placed.job
    if JobState(job.state) in FINAL:
        raise Conflict("job_ended", f"The job has ended already: {job.state}.", fix="There is nothing left to cancel.")
    moved = await session.execute(
        update(Job)
        .where(Job.id == job.id, Job.state == JobState.QUEUED.value)
        .values(
            state=JobState.CANCELLED.value,
            finished_at=now(),
            cancel_requested_at=now(),
            cancel_requested_by=actor.name,
            outcome=outcome("cancelled_before_start"),
        )
        .returning(Job.id)
    )
    if moved.scalar_one_or_none() is not None:
        await emit_job_end(session, job.id)
    else:
        await session.execute(
            update(Job)
            .where(Job.id == job.id, Job.cancel_requested_at.is_(None))
            .values(cancel_requested_at=now(), cancel_requested_by=actor.name)
        )
    notice_after_commit(session, job.organization_id, job.project_id, About.JOBS)
    await session.refresh(job)
    return placed


def check_reason(kind: JobKind, reason: str | None) -> None:
    """A stamp says that a database is somewhere without anything having run: others will want to know why."""
    if kind is JobKind.STAMP and not reason:
        raise Invalid(
            "reason_missing",
            "A stamp needs a reason.",
            detail="It moves the version table and runs nothing, so nothing else would tell why it is right.",
            fix="Say in a sentence how the database came to stand there; it is kept with the job.",
            fields={"reason": "required"},
        )


def digest_of_move(
    project: Project,
    environment: Environment,
    database: Database,
    kind: JobKind,
    revision: str | None,
    plan_id: UUID | None,
    reason: str | None,
) -> bytes:
    """What makes two requests with the same idempotency key the same."""
    parts = [str(project.id), str(environment.id), str(database.id), kind.value, revision, str(plan_id)]
    parts += [reason] if reason else []  # appended, so that a key from before there were reasons still finds its job
    return hashlib.sha256(json.dumps(parts).encode()).digest()
