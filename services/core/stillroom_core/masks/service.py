"""Setting masks, taking them away, and asking which of them hold for somebody."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.environments.models import Environment
from stillroom_core.errors import Conflict, not_found
from stillroom_core.keys import new_key
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.masks.models import Mask
from stillroom_core.projects.models import Project

MOST = 500


async def list_masks(session: Session, actor: Actor, project: Project) -> Sequence[Mask]:
    """The project's masks by name, at most MOST."""
    rows = await session.scalars(
        select(Mask)
        .where(Mask.organization_id == actor.organization_id, Mask.project_id == project.id)
        .order_by(Mask.schema_name, Mask.table_name, Mask.column_name)
        .limit(MOST)
    )
    return rows.all()


async def create_mask(session: Session, actor: Actor, project: Project, content: Mapping[str, str]) -> Mask:
    """Masks columns from now on; raises Conflict where they are masked already, and beyond MOST."""
    own = (Mask.organization_id == actor.organization_id, Mask.project_id == project.id)
    names = {name: content[name] for name in ("schema_name", "table_name", "column_name")}
    if await session.scalar(select(Mask.id).where(*own).filter_by(**names)):
        raise Conflict(
            "mask_taken",
            "These columns have a mask already.",
            fix="Remove the other mask first if this one should be in its place.",
            fields={"column_name": "taken"},
        )
    if (await session.scalar(select(func.count()).select_from(Mask).where(*own)) or 0) >= MOST:
        raise Conflict(
            "too_many_masks",
            f"A project has at most {MOST} masks.",
            fix="Put several columns into one mask with *.",
        )
    made = Mask(
        id=new_key(),
        organization_id=actor.organization_id,
        project_id=project.id,
        actor_name=actor.name,
        kind=content["kind"],
        **names,
    )
    session.add(made)
    await session.flush()
    notice_after_commit(session, actor.organization_id, project.id, About.PROJECT)
    return made


async def delete_mask(session: Session, actor: Actor, project: Project, key: UUID) -> None:
    """Takes a mask away; raises NotFound."""
    found = await session.scalar(
        select(Mask).where(Mask.id == key, Mask.organization_id == actor.organization_id, Mask.project_id == project.id)
    )
    if found is None:
        raise not_found("mask")
    await session.delete(found)
    await session.flush()
    notice_after_commit(session, actor.organization_id, project.id, About.PROJECT)


async def masks_for(session: Session, actor: Actor, project: Project, environment: Environment) -> list[dict[str, Any]]:
    """The masks through which this actor looks at an environment's databases, as the reader is told them; or none."""
    if actor.may(Permission.DATA_UNMASKED, project.id, environment):
        return []
    found = await list_masks(session, actor, project)
    return [
        {"schema": one.schema_name, "table": one.table_name, "column": one.column_name, "kind": one.kind}
        for one in found
    ]
