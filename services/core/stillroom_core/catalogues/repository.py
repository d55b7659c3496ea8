"""Reads and writes the catalogues of one organization."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from stillroom_core.catalogues.models import Catalogue, CatalogueObject
from stillroom_core.database import Session
from stillroom_core.keys import first_key_at
from stillroom_core.tables import now

# An object of ordinary size has 3 KB; a statement of a hundred is far from every limit.
_AT_ONCE = 100
_READ_AT_ONCE = 2_000


@dataclass(frozen=True, slots=True)
class Size:
    """A table as it was when the catalogue was last read: rows as PostgreSQL estimates them, bytes with indexes.

    Null where the server never counted.
    """

    schema: str
    name: str
    rows: int | None
    bytes: int | None


class CatalogueRepository:
    """The catalogues of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def newest(self, database_id: UUID) -> Catalogue | None:
        """The present state of a database, or None where it was never read."""
        found: Catalogue | None = await self._session.scalar(
            select(Catalogue)
            .where(Catalogue.database_id == database_id, Catalogue.organization_id == self._organization_id)
            .order_by(Catalogue.id.desc())
            .limit(1)
        )
        return found

    async def sizes(self, database_id: UUID, names: Collection[str]) -> tuple[list[Size], datetime | None]:
        """How large the tables of these names were, in every schema, and when that was read; None: never."""
        rows = (
            await self._session.execute(
                text(_SIZES), {"database": database_id, "organization": self._organization_id, "names": list(names)}
            )
        ).all()
        sizes = [Size(row.schema, row.name, row.rows, row.bytes) for row in rows if row.name is not None]
        return sizes, rows[0].read_at if rows else None

    async def contents(self, digests: Sequence[bytes]) -> dict[bytes, dict[str, Any]]:
        """The content of objects by digest; one query."""
        rows = await self._session.execute(
            select(CatalogueObject.digest, CatalogueObject.content).where(
                CatalogueObject.organization_id == self._organization_id, CatalogueObject.digest.in_(digests)
            )
        )
        return {row.digest: row.content for row in rows}

    async def contents_in_parts(self, digests: Sequence[bytes]) -> dict[bytes, dict[str, Any]]:
        """The same for thousands."""
        found: dict[bytes, dict[str, Any]] = {}
        for start in range(0, len(digests), _READ_AT_ONCE):
            found |= await self.contents(digests[start : start + _READ_AT_ONCE])
        return found

    async def confirm(self, catalogue: Catalogue, figures: list[Any]) -> None:
        """The same state was seen again, with newer figures."""
        await self._session.execute(
            update(Catalogue).where(Catalogue.id == catalogue.id).values(read_at=now(), figures=figures)
        )

    async def add(self, catalogue: Catalogue, contents: Mapping[bytes, dict[str, Any]]) -> None:
        """A new state, with those objects that the former one did not have."""
        catalogue.organization_id = self._organization_id
        await self._session.execute(text(_KEEP_ALL), {"organization": str(self._organization_id)})
        entries = [
            {"organization_id": self._organization_id, "digest": digest, "content": content}
            # In one order everywhere: two readings at once must not wait for each other in a circle.
            for digest, content in sorted(contents.items())
        ]
        for start in range(0, len(entries), _AT_ONCE):
            await self._session.execute(
                insert(CatalogueObject).on_conflict_do_nothing(), entries[start : start + _AT_ONCE]
            )
        self._session.add(catalogue)

    async def forget_former(self, database_id: UUID, *, replaced_before: datetime) -> int:
        """Removes states of a database that others replaced long ago, and what no state has any more; how many states.

        Where somebody stores a reading just now nothing is removed: the next change of the database comes by again.
        """
        organization = {"organization": str(self._organization_id)}
        if not await self._session.scalar(text(_TRY_TO_HOLD), organization):
            return 0
        newer = aliased(Catalogue)
        replaced = exists().where(
            newer.database_id == Catalogue.database_id,
            newer.id > Catalogue.id,
            newer.id < first_key_at(replaced_before),
        )
        gone = await self._session.execute(
            delete(Catalogue)
            .where(Catalogue.organization_id == self._organization_id, Catalogue.database_id == database_id, replaced)
            .returning(Catalogue.id)
            .execution_options(synchronize_session=False)
        )
        count = len(gone.all())
        if count:
            await self._session.execute(text(_FORGET_UNUSED), organization)
        return count


# Whoever adds a state relies on objects that are there; whoever removes objects waits for them, or lets it be.
_LOCK = "(hashtextextended('catalogue objects of ' || :organization, 0))"
_KEEP_ALL = f"select pg_advisory_xact_lock_shared{_LOCK}"
_TRY_TO_HOLD = f"select pg_try_advisory_xact_lock{_LOCK}"
_HOLD = f"select pg_advisory_xact_lock{_LOCK}"
_FORGET_UNUSED = """
delete from catalogue_objects where organization_id = cast(:organization as uuid) and digest not in (
    select decode(entry ->> 3, 'hex') from catalogues c, jsonb_array_elements(c.listing) entry
    where c.organization_id = cast(:organization as uuid)
)
"""

# A row without a name where the catalogue has none of these tables. Pages are counted when rows are: not before that.
_SIZES = """
with newest as (
    select id, read_at, listing, figures from catalogues
    where database_id = :database and organization_id = :organization order by id desc limit 1
)
select newest.read_at, found.* from newest left join lateral (
    select entry ->> 1 as schema, entry ->> 2 as name,
           case when (f ->> 0)::bigint >= 0 then (f ->> 0)::bigint end as rows,
           case when (f ->> 0)::bigint >= 0 then (f ->> 1)::bigint + (f ->> 2)::bigint end as bytes
    from jsonb_array_elements(newest.listing) with ordinality l(entry, at),
         lateral (select newest.figures -> (at - 1)::int as f) figure
    where entry ->> 0 in ('table', 'materialized_view') and entry ->> 2 = any(cast(:names as text[]))
) found on true
"""

# Objects are named by their content and stored once in an organization, whichever databases have them.
_COPY = """
insert into catalogue_objects (organization_id, digest, content)
select :taker, o.digest, o.content from catalogue_objects o
where o.organization_id = :giver and o.digest in (
    select decode(entry ->> 3, 'hex') from catalogues c
    join databases d on d.id = c.database_id, jsonb_array_elements(c.listing) entry where d.project_id = :project
)
order by o.digest on conflict do nothing
"""
_LEAVE_OUT = """
delete from catalogue_objects o where o.organization_id = :giver
and o.digest in (
    select decode(entry ->> 3, 'hex') from catalogues c
    join databases d on d.id = c.database_id, jsonb_array_elements(c.listing) entry where d.project_id = :project
)
and o.digest not in (
    select decode(entry ->> 3, 'hex') from catalogues c
    join databases d on d.id = c.database_id, jsonb_array_elements(c.listing) entry
    where c.organization_id = :giver and d.project_id <> :project
)
"""


async def hand_over_objects(session: Session, project_id: UUID, giver: UUID, taker: UUID) -> None:
    """Gives an organization the objects of a project's databases, and leaves the other what it still has itself.

    For a session that sees both, before the catalogues themselves go.
    """
    places = {"project": project_id, "giver": giver, "taker": taker}
    await session.execute(text(_HOLD), {"organization": str(giver)})
    await session.execute(text(_KEEP_ALL), {"organization": str(taker)})
    await session.execute(text(_COPY), places)
    await session.execute(text(_LEAVE_OUT), {name: places[name] for name in ("project", "giver")})
