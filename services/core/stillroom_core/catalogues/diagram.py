"""The tables of a database and what leads from one to another, for a diagram."""

from dataclasses import dataclass
from typing import Any

from stillroom_core.actors.actor import Actor
from stillroom_core.catalogues.kinds import Kind
from stillroom_core.catalogues.repository import CatalogueRepository
from stillroom_core.database import Session
from stillroom_core.databases.models import Database

# More are no picture any more; the page says that it shows the first ones.
MOST_TABLES = 2_000


@dataclass(frozen=True)
class Diagram:
    """Contents of tables by name, partitions left out; `more` counts those beyond what is shown."""

    tables: list[dict[str, Any]]
    more: int
    read: bool


async def diagram_of(session: Session, actor: Actor, database: Database) -> Diagram:
    """The tables as they were last read; the database is not asked."""
    repository = CatalogueRepository(session, actor.organization_id)
    catalogue = await repository.newest(database.id)
    if catalogue is None:
        return Diagram([], 0, read=False)
    wanted = [
        bytes.fromhex(entry[3])
        for entry in catalogue.listing
        if entry[0] in (Kind.TABLE, Kind.FOREIGN_TABLE) and entry[4] != "partition"
    ]
    contents = await repository.contents_in_parts(wanted[:MOST_TABLES])
    tables = [contents[digest] for digest in wanted[:MOST_TABLES]]
    return Diagram([one for one in tables if not one["partition_bound"]], max(0, len(wanted) - MOST_TABLES), read=True)
