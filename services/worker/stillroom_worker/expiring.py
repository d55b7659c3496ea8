"""Tells in good time that the certificate with which we sign in to a database ends."""

from stillroom_core.databases.client_certificate import take_expiring
from stillroom_core.happenings.kinds import Happening
from stillroom_core.happenings.telling import emit
from stillroom_worker.room import Room


async def tell_expiring(room: Room) -> None:
    """Tells of each certificate once, thirty days before its end; of a renewed one anew."""
    async with room.database.everything() as session:
        for database in await take_expiring(session):
            ends = database.client_certificate_expires_at
            assert ends is not None  # noqa: S101 - it was chosen by it
            await emit(
                session,
                Happening.DATABASE_CERTIFICATE_EXPIRING,
                organization_id=database.organization_id,
                project_id=database.project_id,
                environment_id=database.environment_id,
                database_id=database.id,
                text=f"The client certificate ends on {ends:%Y-%m-%d}. Renew it in the database's settings.",
                data={"expires_at": ends.isoformat()},
            )
