"""The heartbeat of a job: its claim renewed at every beat, whatever the job waits for, and how long it can be trusted.

While our own PostgreSQL is away the renewal is tried again; when it could not be renewed for most of its lease, the
job must end before somebody else may begin.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from time import monotonic
from typing import TypeVar
from uuid import UUID

from sqlalchemy import func, update

from stillroom_core.database import is_outage
from stillroom_core.jobs.models import Job
from stillroom_worker.claims import still_held
from stillroom_worker.room import Room

T = TypeVar("T")

BEAT = timedelta(seconds=1)
_TRY_AGAIN = timedelta(seconds=0.5)
# Of the lease. The rest is for ending the processes of a job whose claim cannot be renewed.
_GIVE_UP_AFTER = 0.6


class Superseded(Exception):
    """Another claim or the sweeper owns the job now."""


class OutOfTouch(Exception):
    """Our own PostgreSQL was away for so long that the job may be declared lost at any moment."""


def _clock() -> float:
    """Seconds that also count while the machine sleeps, where the system has such a clock."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else monotonic()


class Heart:
    """Renews one claim; what ends it is told to `failed` once."""

    def __init__(
        self, room: Room, organization_id: UUID, job_id: UUID, attempt: UUID, failed: Callable[[BaseException], None]
    ) -> None:
        self._room = room
        self._organization_id = organization_id
        self._job_id = job_id
        self._attempt = attempt
        self._failed = failed
        self._renewed = _clock()
        self._patience = room.settings.lease.total_seconds() * _GIVE_UP_AFTER
        self.cancel_asked = False

    def in_touch(self) -> bool:
        """Whether the claim was renewed recently enough that nobody can have given this job up."""
        return _clock() - self._renewed <= self._patience

    async def patiently(self, work: Callable[[], Awaitable[T]]) -> T:
        """Does a piece of work on our own PostgreSQL, again while that is away and the claim still holds."""
        while True:
            try:
                return await work()
            except Exception as error:
                if not is_outage(error):
                    raise
                if not self.in_touch():
                    raise OutOfTouch from error
            await asyncio.sleep(_TRY_AGAIN.total_seconds())

    async def beat(self) -> None:
        """Renews the claim at every beat, and learns whether a cancel was asked for."""
        try:
            while True:
                began = _clock()
                asked = await self.patiently(self._renew)
                self._renewed = began
                self.cancel_asked = self.cancel_asked or asked is not None
                await asyncio.sleep(BEAT.total_seconds())
        except Exception as failure:  # noqa: BLE001 - kept for the job's own loop, which sees it at its next look
            self._failed(failure)

    async def _renew(self) -> datetime | None:
        async with self._room.database.transaction(self._organization_id) as session:
            row = (
                await session.execute(
                    update(Job)
                    .where(still_held(self._job_id, self._attempt))
                    # The server's clock: ours may jump, and another process judges by it.
                    .values(heartbeat_at=func.clock_timestamp())
                    .returning(Job.cancel_requested_at)
                )
            ).one_or_none()
        if row is None:
            raise Superseded
        asked: datetime | None = row[0]
        return asked
