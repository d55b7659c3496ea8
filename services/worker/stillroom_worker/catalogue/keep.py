"""Stores a reading: a state that was seen before is confirmed, a new one is added with the objects it brought."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog
from sqlalchemy import select

from stillroom_core.catalogues.models import Catalogue
from stillroom_core.catalogues.repository import CatalogueRepository
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.errors import StillroomError
from stillroom_core.keys import new_key
from stillroom_core.masking import keeping_secrets
from stillroom_core.tables import now
from stillroom_worker.addresses import allowed_addresses
from stillroom_worker.catalogue.read import Reading, read_catalogue
from stillroom_worker.cellwork import target_of
from stillroom_worker.failure import JobFailed
from stillroom_worker.room import Room
from stillroom_worker.target import SESSION_BROKE, connect

log = structlog.get_logger()

# A former state of a schema, counted from when another one took its place.
KEPT = timedelta(days=30)


async def keep_reading(room: Room, database: Database, reading: Reading) -> None:
    """One transaction; of two readings at once the later is the newest, and both are true."""
    async with room.database.transaction(database.organization_id) as session:
        repository = CatalogueRepository(session, database.organization_id)
        former = await repository.newest(database.id)
        if former is not None and former.digest == reading.digest:
            await repository.confirm(former, reading.figures)
            return
        known = {bytes.fromhex(entry[3]) for entry in former.listing} if former else set()
        catalogue = Catalogue(
            id=new_key(),
            database_id=database.id,
            read_at=now(),
            server_version=reading.server_version,
            digest=reading.digest,
            listing=reading.listing,
            figures=reading.figures,
        )
        fresh = {digest: content for digest, content in reading.contents.items() if digest not in known}
        await repository.add(catalogue, fresh)
    async with room.database.transaction(database.organization_id) as session:
        repository = CatalogueRepository(session, database.organization_id)
        await repository.forget_former(database.id, replaced_before=datetime.now(UTC) - KEPT)


async def refresh_catalogue(room: Room, database_id: UUID) -> None:
    """After a job: so that the pages show what it made. What cannot be read now is read when somebody looks."""
    async with room.database.everything() as session:
        database = await session.scalar(select(Database).where(Database.id == database_id))
        if database is None:
            return
        environment = await session.get_one(Environment, database.environment_id)
    with keeping_secrets():
        await _refresh(room, database, environment)


async def _refresh(room: Room, database: Database, environment: Environment) -> None:
    try:
        target = target_of(database, environment)
        connection = await connect(target, await allowed_addresses(room.settings, target), name="stillroom:catalogue")
        try:
            reading = await read_catalogue(connection)
        finally:
            connection.terminate()
    except (JobFailed, StillroomError, *SESSION_BROKE) as cause:
        log.info("catalogue.not_read", database=str(database.id), cause=type(cause).__name__)
        return
    await keep_reading(room, database, reading)
