"""Reads and writes the drafts of one organization."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select
from sqlalchemy.orm import defer

from stillroom_core.database import Session
from stillroom_core.drafts.models import Draft
from stillroom_core.errors import not_found


class DraftRepository:
    """The drafts of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def listing(self, project_id: UUID, *, before: UUID | None, limit: int) -> Sequence[Draft]:
        """The drafts of a project without their text, the latest first, after the cursor."""
        older = (Draft.id < before,) if before else ()
        rows = await self._session.scalars(
            select(Draft)
            .where(Draft.project_id == project_id, Draft.organization_id == self._organization_id, *older)
            .order_by(Draft.id.desc())
            .limit(limit)
            .options(defer(Draft.content))
        )
        return rows.all()

    async def by_id(self, project_id: UUID, key: UUID, *, held: bool = False) -> Draft:
        """One draft of a project, held until the transaction ends if asked; raises NotFound."""
        query = select(Draft).where(
            Draft.id == key, Draft.project_id == project_id, Draft.organization_id == self._organization_id
        )
        found = await self._session.scalar(query.with_for_update() if held else query)
        if found is None:
            raise not_found("draft")
        return found

    def add(self, draft: Draft) -> None:
        """Adds a draft of this organization."""
        draft.organization_id = self._organization_id
        self._session.add(draft)

    async def delete(self, draft: Draft) -> None:
        """Forgets the draft; a branch that was pushed stays."""
        await self._session.delete(draft)


async def forget_old_drafts(session: Session, days: int) -> None:
    """Deletes, for every organization, what nobody has touched for so many days."""
    await session.execute(delete(Draft).where(Draft.touched_at < func.now() - func.make_interval(0, 0, 0, days)))
