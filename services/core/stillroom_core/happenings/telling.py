"""The one function that tells what happened: `emit`, in the transaction in which it happens.

Whatever tells of something writes here and nowhere else; webhooks and letters follow from it by themselves, after the
commit. Without the commit nothing was told, and what was committed is told at least once.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.happenings.kinds import Happening, Place, Told
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.outcome import sentence
from stillroom_core.notifications.service import notify, wanted_by
from stillroom_core.organizations.models import Organization
from stillroom_core.projects.models import Project
from stillroom_core.webhooks.outbox import delivery_of, listening


async def emit(
    session: Session,
    happening: Happening,
    *,
    organization_id: UUID,
    project_id: UUID,
    environment_id: UUID | None = None,
    database_id: UUID | None = None,
    job_id: UUID | None = None,
    text: str = "",
    data: Mapping[str, Any] | None = None,
) -> None:
    """Tells whoever wants to know; call it in the transaction in which the thing happens, after it was written.

    `text` is a sentence for people, needless for a job that has ended: its outcome is one. `data` is added to what
    programs get; nothing secret belongs into either.
    """
    hooks = await listening(session, organization_id, project_id, happening)
    job = await session.get(Job, job_id, populate_existing=True) if job_id is not None else None
    people = await wanted_by(session, organization_id, project_id, happening, job)
    if not hooks and not people:
        return
    place = await _place(session, organization_id, project_id, environment_id, database_id, job)
    if job is not None and job.outcome and not text:
        text = sentence(job.outcome)
    told = Told(happening=happening.value, place=place, text=text, data=data or {})
    for hook in hooks:
        session.add(delivery_of(hook, told))
    await notify(session, told, people)
    await session.flush()


async def emit_job_end(session: Session, job_id: UUID) -> None:
    """Tells how a job ended; call it after its row was written."""
    job = await session.get_one(Job, job_id, populate_existing=True)
    await emit(
        session,
        Happening(f"job.{job.state}"),
        organization_id=job.organization_id,
        project_id=job.project_id,
        environment_id=job.environment_id,
        database_id=job.database_id,
        job_id=job.id,
    )


async def _place(
    session: Session,
    organization_id: UUID,
    project_id: UUID,
    environment_id: UUID | None,
    database_id: UUID | None,
    job: Job | None,
) -> Place:
    return Place(
        organization=await session.get_one(Organization, organization_id),
        project=await session.get_one(Project, project_id),
        environment=await session.get_one(Environment, environment_id) if environment_id else None,
        database=await session.get_one(Database, database_id) if database_id else None,
        job=job,
    )
