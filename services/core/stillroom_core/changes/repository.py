"""Reads the changes of one organization."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, tuple_

from stillroom_core.changes.models import SchemaChange
from stillroom_core.database import Session
from stillroom_core.projects.models import RevisionSource

AT_ONCE = 2_000
Place = tuple[UUID, int]


class ChangeRepository:
    """The changes of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def under(self, database_id: UUID, names: Collection[str], before: Place | None) -> Sequence[SchemaChange]:
        """Changes of whatever has, had or got one of these names, newest first; at most 2,000."""
        query = (
            select(SchemaChange)
            .where(
                SchemaChange.organization_id == self._organization_id,
                SchemaChange.database_id == database_id,
                or_(SchemaChange.name.in_(names), SchemaChange.table.in_(names), SchemaChange.to.in_(names)),
            )
            .order_by(SchemaChange.job_id.desc(), SchemaChange.position.desc())
            .limit(AT_ONCE)
        )
        if before is not None:
            query = query.where(tuple_(SchemaChange.job_id, SchemaChange.position) < before)
        return (await self._session.scalars(query)).all()

    async def revisions_seen(self, database_id: UUID) -> set[str]:
        """The revisions that a job was seen to run on a database."""
        rows = await self._session.scalars(
            select(SchemaChange.revision)
            .where(SchemaChange.organization_id == self._organization_id, SchemaChange.database_id == database_id)
            .distinct()
        )
        return set(rows)

    async def of_revision(self, project_id: UUID, revision: str, *, upgrade: bool) -> Sequence[SchemaChange]:
        """What the newest job that ran a revision did, in order."""
        mine = (
            SchemaChange.organization_id == self._organization_id,
            SchemaChange.project_id == project_id,
            SchemaChange.revision == revision,
            SchemaChange.upgrade == upgrade,
        )
        newest = await self._session.scalar(
            select(SchemaChange.job_id).where(*mine).order_by(SchemaChange.job_id.desc()).limit(1)
        )
        if newest is None:
            return []
        query = select(SchemaChange).where(*mine, SchemaChange.job_id == newest).order_by(SchemaChange.position)
        return (await self._session.scalars(query.limit(AT_ONCE))).all()

    async def of_sources(self, project_id: UUID, digests: Collection[str]) -> dict[str, dict[str, Any]]:
        """What was read from revision files, by digest; those that nobody has read yet are left out."""
        found: dict[str, dict[str, Any]] = {}
        wanted = list(digests)
        for start in range(0, len(wanted), 5_000):
            rows = await self._session.execute(
                select(RevisionSource.digest, RevisionSource.changes).where(
                    RevisionSource.organization_id == self._organization_id,
                    RevisionSource.project_id == project_id,
                    RevisionSource.digest.in_(wanted[start : start + 5_000]),
                    RevisionSource.changes.is_not(None),
                )
            )
            found.update({row.digest: row.changes for row in rows})
        return found
