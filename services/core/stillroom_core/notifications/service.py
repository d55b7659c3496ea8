"""Who is told of what by e-mail, and what each person chose."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, or_, select

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.actors.repository import actors_of_all
from stillroom_core.database import Session
from stillroom_core.happenings.kinds import Happening, Told
from stillroom_core.jobs.models import Job
from stillroom_core.keys import new_key
from stillroom_core.mail.service import can_mail, post
from stillroom_core.mail.texts import Letter, happened
from stillroom_core.members.models import User
from stillroom_core.notifications.models import NotificationChoice
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import find_project, list_projects


@dataclass(frozen=True, kw_only=True)
class Choice:
    """What somebody is told of in a project, or in all that have no choice of their own (`project` is None)."""

    project: Project | None
    events: tuple[str, ...]
    own_jobs_only: bool
    chosen: bool  # by the person; else it follows from the choice for all, or is what everybody begins with


# What everybody begins with: when something that they asked for did not go well.
BEGINNING = Choice(
    project=None,
    events=(Happening.JOB_FAILED.value, Happening.JOB_LOST.value),
    own_jobs_only=True,
    chosen=False,
)
# Whoever may approve is asked for it by a letter of its own.
BY_MAIL = tuple(one for one in Happening if one is not Happening.JOB_NEEDS_APPROVAL)


async def wanted_by(
    session: Session, organization_id: UUID, project_id: UUID, happening: Happening, job: Job | None
) -> list[User]:
    """The people who want a letter about this and may see it."""
    if not can_mail() or happening not in BY_MAIL:
        return []
    rows = await session.scalars(
        select(NotificationChoice).where(
            NotificationChoice.organization_id == organization_id,
            or_(NotificationChoice.project_id == project_id, NotificationChoice.project_id.is_(None)),
        )
    )
    choices: dict[UUID, NotificationChoice] = {}
    for row in rows:
        if row.project_id is not None or row.user_id not in choices:
            choices[row.user_id] = row
    asked = job.actor_id if job is not None else None
    wanted = {
        user
        for user, row in choices.items()
        if happening.value in row.events and (job is None or not row.own_jobs_only or user == asked)
    }
    if asked is not None and asked not in choices and happening.value in BEGINNING.events:
        wanted.add(asked)
    return await _who_see(session, wanted, organization_id, project_id)


async def _who_see(session: Session, wanted: Collection[UUID], organization_id: UUID, project_id: UUID) -> list[User]:
    if not wanted:
        return []
    people = await session.scalars(
        select(User).where(User.id.in_(wanted), User.kind == "person", User.disabled_at.is_(None))
    )
    users = list(people)
    actors = await actors_of_all(session, users)
    return [
        user
        for user in users
        if any(
            actor.organization_id == organization_id and actor.may(Permission.JOB_READ, project_id)
            for actor in actors[user.id]
        )
    ]


async def notify(session: Session, told: Told, people: Sequence[User]) -> None:
    """Posts one letter to each."""
    for user in people:
        what, facts = happened(told, user.locale)
        post(
            session,
            Letter.HAPPENED,
            user.email,
            user.locale,
            name=user.name,
            what=what,
            facts=facts,
            link=told.place.url,
        )


async def choices_of(session: Session, actor: Actor) -> list[Choice]:
    """The person's choice for all projects, then what holds in each project that they see."""
    rows = {row.project_id: row for row in await _rows(session, actor)}
    everywhere = _chosen(rows[None], None) if None in rows else BEGINNING
    found = [everywhere]
    for project, _ in await list_projects(session, actor):
        if project.id in rows:
            found.append(_chosen(rows[project.id], project))
        else:
            inherited = {"events": everywhere.events, "own_jobs_only": everywhere.own_jobs_only}
            found.append(Choice(project=project, chosen=False, **inherited))  # type: ignore[arg-type]
    return found


async def choose(
    session: Session, actor: Actor, project: str | None, events: Collection[Happening] | None, *, own_jobs_only: bool
) -> None:
    """Keeps a choice; None for the events forgets it. Raises NotFound for a project that the person does not see."""
    place = await find_project(session, actor, project) if project is not None else None
    key = place.id if place else None
    await session.execute(
        delete(NotificationChoice).where(
            NotificationChoice.organization_id == actor.organization_id,
            NotificationChoice.user_id == actor.user_id,
            NotificationChoice.project_id == key if key else NotificationChoice.project_id.is_(None),
        )
    )
    if events is not None:
        session.add(
            NotificationChoice(
                id=new_key(),
                organization_id=actor.organization_id,
                user_id=actor.user_id,
                project_id=key,
                events=sorted(one.value for one in events),
                own_jobs_only=own_jobs_only,
            )
        )
    await session.flush()


async def _rows(session: Session, actor: Actor) -> Sequence[NotificationChoice]:
    found = await session.scalars(
        select(NotificationChoice).where(
            NotificationChoice.organization_id == actor.organization_id,
            NotificationChoice.user_id == actor.user_id,
        )
    )
    return found.all()


def _chosen(row: NotificationChoice, project: Project | None) -> Choice:
    return Choice(project=project, events=tuple(row.events), own_jobs_only=row.own_jobs_only, chosen=True)
