"""Keeping queries, finding them again, changing and forgetting them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.errors import Conflict, Forbidden, not_found
from stillroom_core.keys import new_key
from stillroom_core.projects.models import Project
from stillroom_core.queries.models import SavedQuery

MOST = 500


async def list_queries(
    session: Session,
    actor: Actor,
    project: Project,
    *,
    search: str | None,
    database: str | None,
    before: UUID | None,
    limit: int,
) -> Sequence[SavedQuery]:
    """One's own and the shared ones, the latest first; those that are for databases of another name left out."""
    query = select(SavedQuery).where(*_seen(actor, project))
    if before is not None:
        query = query.where(SavedQuery.id < before)
    if database is not None:
        query = query.where(or_(SavedQuery.database_name.is_(None), SavedQuery.database_name == database))
    if search:
        places = (SavedQuery.name, SavedQuery.description, SavedQuery.content)
        query = query.where(or_(*(place.icontains(search, autoescape=True) for place in places)))
    return (await session.scalars(query.order_by(SavedQuery.id.desc()).limit(limit))).all()


async def save_query(session: Session, actor: Actor, project: Project, content: Mapping[str, Any]) -> SavedQuery:
    """Keeps a query; raises Conflict beyond MOST of one person in one project."""
    own = select(func.count()).where(
        SavedQuery.organization_id == actor.organization_id,
        SavedQuery.project_id == project.id,
        SavedQuery.user_id == actor.user_id,
    )
    if (await session.scalar(own) or 0) >= MOST:
        raise Conflict(
            "too_many_queries",
            f"You have {MOST} queries in this project, and more are not kept.",
            fix="Delete some that you do not need any more.",
        )
    made = SavedQuery(
        id=new_key(),
        organization_id=actor.organization_id,
        project_id=project.id,
        user_id=actor.user_id,
        user_name=actor.name,
        **content,
    )
    session.add(made)
    await session.flush()
    return made


async def change_query(
    session: Session, actor: Actor, project: Project, key: UUID, changes: Mapping[str, Any]
) -> SavedQuery:
    """Changes what was given; raises NotFound, and Forbidden where it is somebody else's."""
    found = await _own(session, actor, project, key)
    for name, value in changes.items():
        setattr(found, name, value)
    await session.flush()
    return found


async def delete_query(session: Session, actor: Actor, project: Project, key: UUID) -> None:
    """Forgets a query; raises NotFound, and Forbidden where it is somebody else's."""
    await session.delete(await _own(session, actor, project, key))
    await session.flush()


def _seen(actor: Actor, project: Project) -> tuple[ColumnElement[bool], ...]:
    return (
        SavedQuery.organization_id == actor.organization_id,
        SavedQuery.project_id == project.id,
        or_(SavedQuery.shared, SavedQuery.user_id == actor.user_id),
    )


async def _own(session: Session, actor: Actor, project: Project, key: UUID) -> SavedQuery:
    found = await session.scalar(select(SavedQuery).where(SavedQuery.id == key, *_seen(actor, project)))
    if found is None:
        raise not_found("query")
    if not may_change(actor, found):
        raise Forbidden(
            "not_your_query",
            "This query belongs to somebody else.",
            fix="Save a copy under your own name.",
        )
    return found


def may_change(actor: Actor, query: SavedQuery) -> bool:
    """One's own, and of the shared ones all for whoever may change the project."""
    return query.user_id == actor.user_id or (query.shared and actor.may(Permission.PROJECT_UPDATE, query.project_id))
