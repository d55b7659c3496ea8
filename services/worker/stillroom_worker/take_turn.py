"""What a message about a job does: it runs the job whose turn it is."""

from uuid import UUID

from sqlalchemy import exists, select

from stillroom_core.jobs.lifecycle import JobState
from stillroom_core.jobs.models import Job
from stillroom_worker.room import Room
from stillroom_worker.run_job import run_job
from stillroom_worker.turns import next_in_turn

# Somebody else may have taken what was next between the look and the claim.
_TRIES = 3


async def take_turn(room: Room, hint: UUID) -> None:
    """Runs the job whose turn it is, where the message is about one that waits; else what the message says."""
    for _ in range(_TRIES):
        async with room.database.everything() as session:
            waits = await session.scalar(select(exists().where(Job.id == hint, Job.state == JobState.QUEUED.value)))
            following = await next_in_turn(session, room.settings, hint=hint) if waits else None
        if following is None or following == hint:
            break
        if await run_job(room, following):
            return
    await run_job(room, hint)
