"""Without walls there is one organization at most: seen again by the worker, whatever the api was told."""

from stillroom_core.organizations.service import count_organizations
from stillroom_worker.failure import JobFailed
from stillroom_worker.room import Room
from stillroom_worker.sandbox import Level


async def refuse_several_without_walls(room: Room) -> None:
    """Raises JobFailed where this worker would run one organization's code beside another's, in the open."""
    if room.isolation() is not Level.BARE:
        return
    async with room.database.everything() as session:
        there_are = await count_organizations(session)
    if there_are > 1:
        raise JobFailed(
            "isolation_too_weak",
            "This worker cannot keep organizations apart.",
            f"It runs jobs without isolation, and this installation has {there_are} organizations.",
            "Tell the operator: the worker needs a host with bubblewrap or Landlock, and STILLROOM_SANDBOX set to it.",
        )
