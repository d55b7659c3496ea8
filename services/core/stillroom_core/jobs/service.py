"""Starting, listing and cancelling jobs."""

import hashlib
import json
from uuid import UUID

from sqlalchemy import update

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.errors import Conflict, Invalid, not_found
from stillroom_core.jobs.lifecycle import FINAL, JobKind, JobState
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.outcome import outcome
from stillroom_core.jobs.queue import RUN_JOB, Ring, ring_after_commit
from stillroom_core.jobs.repository import JobFilter, JobRepository, PlacedJob
from stillroom_core.keys import new_key
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit, Project
from stillroom_core.projects.repository import ProjectRepository
from stillroom_core.revisions.planner import resolve
from stillroom_core.tables import now

PERMISSION_FOR: dict[JobKind, Permission] = {
    JobKind.UPGRADE: Permission.JOB_UPGRADE,
    JobKind.DOWNGRADE: Permission.JOB_DOWNGRADE,
    JobKind.STAMP: Permission.JOB_STAMP,
    JobKind.CURRENT: Permission.JOB_PLAN,
    JobKind.CHECK: Permission.JOB_PLAN,
    JobKind.COMMAND: Permission.JOB_UPGRADE,
}
_TAKES_REVISION = frozenset({JobKind.UPGRADE, JobKind.DOWNGRADE, JobKind.STAMP})


async def start_job(
    session: Session,
    actor: Actor,
    *,
    project: Project,
    environment: Environment,
    database: Database,
    kind: JobKind,
    revision: str | None,
    idempotency_key: str | None = None,
) -> PlacedJob:
    """Queues a job on the newest commit; the same idempotency key returns the same job.

    What can be refused now is refused now: an unknown or ambiguous revision, several heads. Raises Conflict
    while the project has not been fetched, Invalid for a target that this commit cannot reach.
    """
    repository = JobRepository(session, actor.organization_id)
    digest = _digest(project, environment, database, kind, revision)
    if idempotency_key and (made := await repository.with_idempotency_key(idempotency_key)):
        if made.request_digest != digest:
            raise Conflict(
                "idempotency_key_reused",
                "This idempotency key was used for another request.",
                fix="Use a new key for each different request.",
            )
        return await repository.by_id(made.id)
    commit = await required_commit(session, actor, project)
    _check_target(commit, database, kind, revision)
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
        idempotency_key=idempotency_key,
        request_digest=digest,
        commit_id=commit.id,
        commit_sha=commit.sha,
        ref=commit.ref,
        steps_done=0,
        last_seq=0,
        rung_at=now(),
    )
    repository.add(job)
    await session.flush()
    ring_after_commit(session, Ring(RUN_JOB, job.id))
    return await repository.by_id(job.id)


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
    if moved.scalar_one_or_none() is None:
        await session.execute(
            update(Job)
            .where(Job.id == job.id, Job.cancel_requested_at.is_(None))
            .values(cancel_requested_at=now(), cancel_requested_by=actor.name)
        )
    await session.refresh(job)
    return placed


async def required_commit(session: Session, actor: Actor, project: Project) -> Commit:
    """The newest commit of a project; raises Conflict when there is none, with the reason."""
    if project.commit_id is not None:
        return await ProjectRepository(session, actor.organization_id).commit(project.commit_id)
    if project.fetch_error:
        raise Conflict(
            "fetch_failed",
            "The project could not be fetched.",
            detail=f"{project.fetch_error.get('title', '')} {project.fetch_error.get('detail', '')}".strip(),
            fix=project.fetch_error.get("fix", "") or "Correct the project's git settings and fetch again.",
        )
    raise Conflict("not_fetched", "The project is being fetched for the first time.", fix="Try again in a few seconds.")


def _check_target(commit: Commit, database: Database, kind: JobKind, revision: str | None) -> None:
    if kind not in _TAKES_REVISION:
        return
    if not revision:
        raise Invalid(
            "revision_missing",
            "Which revision is meant?",
            fix="Give a revision id, head, heads, base, or a relative one such as +1 or -1.",
            fields={"revision": "required"},
        )
    if not commit.complete:
        return  # the graph may lack revisions, so only Alembic itself can judge the target
    resolve(graph_of(commit), kind.value, revision, database.heads or [])


def _digest(
    project: Project, environment: Environment, database: Database, kind: JobKind, revision: str | None
) -> bytes:
    parts = [str(project.id), str(environment.id), str(database.id), kind.value, revision]
    return hashlib.sha256(json.dumps(parts).encode()).digest()
