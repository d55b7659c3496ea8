"""The present catalogue of a database: the list, one object, and whether it is worth reading again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from stillroom_core.actors.actor import Actor
from stillroom_core.catalogues.ddl import ddl
from stillroom_core.catalogues.kinds import Kind
from stillroom_core.catalogues.models import Catalogue
from stillroom_core.catalogues.repository import CatalogueRepository
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.errors import NotFound
from stillroom_core.jobs.models import Job
from stillroom_core.tables import now

# People change databases outside of Stillroom too: whoever opens the page is shown at most so old a state.
FRESH_FOR = timedelta(minutes=1)


@dataclass(frozen=True)
class PresentCatalogue:
    """What is known of a database's schema. `catalogue` is None where it was never read."""

    catalogue: Catalogue | None
    stale: bool


@dataclass(frozen=True)
class CatalogueEntry:
    """One object with the SQL that makes it."""

    content: dict[str, Any]
    ddl: str
    figures: Sequence[int] | None
    catalogue: Catalogue


async def present_catalogue(session: Session, actor: Actor, database: Database) -> PresentCatalogue:
    """The newest state, and whether a job has ended or a while has passed since it was read."""
    catalogue = await CatalogueRepository(session, actor.organization_id).newest(database.id)
    if catalogue is None:
        return PresentCatalogue(None, stale=True)
    ended = await session.scalar(
        select(func.max(Job.finished_at)).where(
            Job.database_id == database.id, Job.organization_id == actor.organization_id
        )
    )
    stale = now() - catalogue.read_at > FRESH_FOR or (ended is not None and ended > catalogue.read_at)
    return PresentCatalogue(catalogue, stale)


async def find_object(
    session: Session, actor: Actor, database: Database, kind: Kind, schema: str, name: str
) -> CatalogueEntry:
    """One object of the present state; raises NotFound."""
    repository = CatalogueRepository(session, actor.organization_id)
    catalogue = await repository.newest(database.id)
    for at, entry in enumerate(catalogue.listing if catalogue else ()):
        if catalogue is not None and entry[:3] == [kind.value, schema, name]:
            digest = bytes.fromhex(entry[3])
            content = (await repository.contents([digest]))[digest]
            return CatalogueEntry(content, ddl(content), catalogue.figures[at], catalogue)
    raise no_such_object()


def no_such_object() -> NotFound:
    """What is asked for is not in what was last read."""
    return NotFound(
        "no_such_object",
        "Nothing of this name was in the database when it was last read.",
        fix="Read the catalogue again; perhaps it was renamed or dropped.",
    )
