"""Reads and writes the databases of one organization."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import select

from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.errors import not_found


class DatabaseRepository:
    """The databases of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def of_environments(self, keys: Collection[UUID]) -> dict[UUID, list[Database]]:
        """The databases of several environments by name, in one query."""
        rows = await self._session.scalars(
            select(Database)
            .where(Database.organization_id == self._organization_id, Database.environment_id.in_(keys))
            .order_by(Database.name)
        )
        found: dict[UUID, list[Database]] = {key: [] for key in keys}
        for row in rows:
            found[row.environment_id].append(row)
        return found

    async def listing(self, environment_id: UUID) -> Sequence[Database]:
        """The databases of one environment by name."""
        return (await self.of_environments([environment_id]))[environment_id]

    async def by_id(self, key: UUID) -> Database:
        """One database; raises NotFound."""
        found = await self._session.scalar(
            select(Database).where(Database.id == key, Database.organization_id == self._organization_id)
        )
        if found is None:
            raise not_found("database")
        return found

    async def by_name(self, environment_id: UUID, name: str) -> Database | None:
        """One database of an environment, or None."""
        found: Database | None = await self._session.scalar(
            select(Database).where(
                Database.organization_id == self._organization_id,
                Database.environment_id == environment_id,
                Database.name == name,
            )
        )
        return found

    def add(self, database: Database) -> None:
        """Adds a database of this organization."""
        database.organization_id = self._organization_id
        self._session.add(database)

    async def delete(self, database: Database) -> None:
        """Forgets the database and its jobs; the place itself stays."""
        await self._session.delete(database)
