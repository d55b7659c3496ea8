"""Reads and writes the samples of one organization; and forgets what is old, of all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.dialects.postgresql import insert

from stillroom_core.database import Session
from stillroom_core.samples.models import Sample

# A sample every five minutes is 8,640 a database in this time.
KEPT = timedelta(days=30)
EVERY = timedelta(minutes=4)  # less than the time between two readings of a database
TABLES_EVERY = timedelta(hours=1)
MOST_POINTS = 400
_BATCH = 5_000


@dataclass(frozen=True)
class Due:
    """Whether a measurement is due, and whether the sizes of tables belong to it."""

    sample: bool
    tables: bool


class SampleRepository:
    """The samples of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def add(self, database_id: UUID, values: dict[str, Any]) -> None:
        """Keeps one measurement, at the present moment."""
        row = {"organization_id": self._organization_id, "database_id": database_id, "at": func.clock_timestamp()}
        await self._session.execute(insert(Sample).values(**row, **values).on_conflict_do_nothing())

    async def due(self, database_id: UUID) -> Due:
        """What is worth measuring now; readings that people ask for in between add nothing."""
        recent = select(Sample.at).where(
            Sample.organization_id == self._organization_id, Sample.database_id == database_id
        )
        sampled = recent.where(Sample.at > func.now() - EVERY).exists()
        weighed = recent.where(Sample.at > func.now() - TABLES_EVERY, Sample.tables.is_not(None)).exists()
        row = (await self._session.execute(select(sampled.label("sampled"), weighed.label("weighed")))).one()
        return Due(sample=not row.sampled, tables=not row.weighed)

    async def since(self, database_id: UUID, moment: datetime) -> Sequence[Sample]:
        """The samples since then, oldest first, thinned out evenly to at most 400; the newest is among them."""
        mine = (
            Sample.organization_id == self._organization_id,
            Sample.database_id == database_id,
            Sample.at >= moment,
        )
        numbered = select(
            Sample.at.label("at"),
            func.row_number().over(order_by=Sample.at.desc()).label("number"),
            func.count().over().label("total"),
        ).where(*mine)
        rows = numbered.subquery()
        step = (rows.c.total + MOST_POINTS - 1) // MOST_POINTS
        chosen = select(rows.c.at).where((rows.c.number - 1) % func.greatest(1, step) == 0)
        query = select(Sample).where(*mine, Sample.at.in_(chosen)).order_by(Sample.at)
        return (await self._session.scalars(query)).all()

    async def tables_since(self, database_id: UUID, moment: datetime) -> Sequence[tuple[datetime, list[Any]]]:
        """The sizes of the largest tables at the first and at the last of such moments."""
        mine = (
            Sample.organization_id == self._organization_id,
            Sample.database_id == database_id,
            Sample.at >= moment,
            Sample.tables.is_not(None),
        )
        ends = select(func.min(Sample.at)).where(*mine).union_all(select(func.max(Sample.at)).where(*mine))
        rows = await self._session.execute(select(Sample.at, Sample.tables).where(*mine, Sample.at.in_(ends)))
        return sorted((row.at, row.tables or []) for row in rows)


async def forget_old_samples(session: Session) -> None:
    """Removes what is older than it is kept, a batch at a time."""
    old = select(Sample.database_id, Sample.at).where(Sample.at < func.now() - KEPT).limit(_BATCH)
    await session.execute(delete(Sample).where(tuple_(Sample.database_id, Sample.at).in_(old)))
