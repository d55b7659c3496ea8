"""What comes by the queue is only a hint where to look; whatever fits nothing is left alone and told in the log."""

import contextlib
from uuid import UUID

import structlog
from sqlalchemy import exists, select

from stillroom_core.databases.models import Database
from stillroom_core.jobs.lifecycle import FINAL, JobState
from stillroom_core.jobs.models import Job
from stillroom_core.projects.models import Project
from stillroom_worker.room import Room

log = structlog.get_logger()


def key_of(task: str, given: object) -> UUID | None:
    """The id that a message names; None, told in the log, where it names none."""
    if isinstance(given, str):
        with contextlib.suppress(ValueError):
            return UUID(given)
    log.warning("message.malformed", task=task)
    return None


async def tell_ignored(room: Room, of: type[Job | Project | Database], key: UUID) -> None:
    """Tells of a message about a row that there is not, or about a job that has ended long since.

    Others are daily life: the sweeper rings again what waits in line, and a message may come twice.
    """
    async with room.database.everything() as session:
        if of is Job:
            state = await session.scalar(select(Job.state).where(Job.id == key))
            if state is not None and JobState(state) in FINAL:
                log.info("message.late", job=str(key), state=state)
            known = state is not None
        else:
            known = bool(await session.scalar(select(exists().where(of.id == key))))
    if not known:
        log.warning("message.of_nothing", of=of.__tablename__, key=str(key))
