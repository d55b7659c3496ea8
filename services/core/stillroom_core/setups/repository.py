"""Reads and writes the setups of one organization."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import delete, func, select

from stillroom_core.database import Session
from stillroom_core.errors import not_found
from stillroom_core.organizations.models import Organization
from stillroom_core.setups.models import Setup


class SetupRepository:
    """The setups of one organization; a setup is seen by the person who began it."""

    def __init__(self, session: Session, organization_id: UUID, actor_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id
        self._actor_id = actor_id

    async def open_ones(self, limit: int) -> Sequence[Setup]:
        """Those that have not ended, the latest first."""
        rows = await self._session.scalars(
            select(Setup)
            .where(
                Setup.organization_id == self._organization_id,
                Setup.actor_id == self._actor_id,
                Setup.project_id.is_(None),
            )
            .order_by(Setup.touched_at.desc())
            .limit(limit)
        )
        return rows.all()

    async def count_open(self) -> tuple[int, int]:
        """How many have not ended, of this person and of the whole organization; the next to begin one waits for us.

        Held with the organization's row, so that requests at the same moment cannot pass a bound together.
        """
        await self._session.execute(
            select(Organization.id).where(Organization.id == self._organization_id).with_for_update(key_share=True)
        )
        row = await self._session.execute(
            select(func.count().filter(Setup.actor_id == self._actor_id), func.count()).where(
                Setup.organization_id == self._organization_id, Setup.project_id.is_(None)
            )
        )
        mine, all_of_them = row.one()
        return mine, all_of_them

    async def by_id(self, key: UUID, *, held: bool = False) -> Setup:
        """One setup, held until the transaction ends if asked; raises NotFound."""
        query = select(Setup).where(
            Setup.id == key, Setup.organization_id == self._organization_id, Setup.actor_id == self._actor_id
        )
        found = await self._session.scalar(query.with_for_update() if held else query)
        if found is None:
            raise not_found("setup")
        return found

    def add(self, setup: Setup) -> None:
        """Adds a setup of this person."""
        setup.organization_id = self._organization_id
        setup.actor_id = self._actor_id
        self._session.add(setup)

    async def delete(self, setup: Setup) -> None:
        """Forgets the setup."""
        await self._session.delete(setup)


async def forget_old_setups(session: Session, days: int) -> None:
    """Deletes, for every organization, what nobody has touched for so many days."""
    await session.execute(delete(Setup).where(Setup.touched_at < func.now() - func.make_interval(0, 0, 0, days)))
