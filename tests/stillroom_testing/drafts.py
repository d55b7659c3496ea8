"""Drafts of revisions as people ask for them: written, looked at, pushed."""

from typing import Any
from uuid import UUID

from sqlalchemy import select

from stillroom_core.actors.repository import actor_in
from stillroom_core.databases.models import Database
from stillroom_core.drafts import service
from stillroom_core.drafts.models import Draft, DraftKind
from stillroom_core.members.models import User
from stillroom_core.projects.models import Project
from stillroom_testing.jobs_scene import revision, two_tables
from stillroom_worker.push_draft import push_draft
from stillroom_worker.write_draft import write_draft

MAKO = '''"""${message}"""
from alembic import op
import sqlalchemy as sa

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade():
    ${upgrades if upgrades else "pass"}


def downgrade():
    ${downgrades if downgrades else "pass"}
'''


async def prepared(scene: Any, files: dict[str, str], mako: str = MAKO, **more: Any) -> None:
    """Commits revisions with a template, and fetches."""
    (scene.repository / "migrations").mkdir(exist_ok=True)
    (scene.repository / "migrations" / "script.py.mako").write_text(mako)
    scene.commit(files, **more)
    await scene.fetch()


async def asked(scene: Any, kind: str, message: str = "do it", *, compare: bool = False, **more: Any) -> Draft:
    """Asks for a draft as a person would."""
    async with scene.room.database.everything() as session:
        person = (await session.scalars(select(User))).one()
        actor = await actor_in(session, person, slug="demo")
        project = (await session.scalars(select(Project))).one()
        database = (await session.scalars(select(Database))).one() if compare else None
        given = {"message": message, "rev_id": None, "heads": None, "database": database, "restore": None, **more}
        return await service.ask_for_draft(session, actor, project, kind=DraftKind(kind), **given)


async def now(scene: Any, key: UUID) -> Draft:
    """The draft as it is stored now."""
    async with scene.room.database.everything() as session:
        return await session.get_one(Draft, key)


async def written(scene: Any, kind: str, message: str = "do it", **more: Any) -> Draft:
    """Asks for a draft and has it written in this process."""
    draft = await asked(scene, kind, message, **more)
    await write_draft(scene.room, draft.id)
    return await now(scene, draft.id)


async def pushed(scene: Any, draft: Draft, branch: str) -> Draft:
    """Asks for its push as a person would, and has it pushed in this process."""
    async with scene.room.database.everything() as session:
        person = (await session.scalars(select(User))).one()
        actor = await actor_in(session, person, slug="demo")
        project = (await session.scalars(select(Project))).one()
        service.request_push(session, actor, project, await session.get_one(Draft, draft.id), branch)
    await push_draft(scene.room, draft.id)
    return await now(scene, draft.id)


def two_heads() -> dict[str, str]:
    """A history of three revisions that ends in two heads."""
    return {**two_tables(), "ccc3": revision("ccc3", "aaa1", "pass")}
