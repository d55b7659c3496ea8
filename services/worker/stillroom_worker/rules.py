"""What environments' rules start: the upgrade of each of their databases to a commit that has just been read."""

from functools import partial

from stillroom_core.automatic.service import Due, begin_upgrade, due_upgrades, tell_refusal
from stillroom_core.errors import StillroomError
from stillroom_worker.one_by_one import impatiently, one_by_one
from stillroom_worker.room import Room


async def upgrade_by_rules(room: Room) -> None:
    """Deals with every database whose turn it is; may be repeated at any time by anybody."""
    async with room.database.everything() as session:
        due = await due_upgrades(session)
    await one_by_one("rules", due, partial(_upgrade, room))


async def _upgrade(room: Room, due: Due) -> None:
    try:
        async with room.database.transaction(due.organization_id) as session:
            await impatiently(session)
            await begin_upgrade(session, due)
    except StillroomError as refusal:
        async with room.database.transaction(due.organization_id) as session:
            await impatiently(session)
            await tell_refusal(session, due, refusal)
