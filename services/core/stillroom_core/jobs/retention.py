"""Logs of jobs that ended long ago are removed; the job, its steps and its outcome stay."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, exists, func, select, update

from stillroom_core.database import Database
from stillroom_core.jobs.models import Job, JobEvent
from stillroom_core.tables import now

# Rows that one transaction deletes: a tenth of a second, and little for vacuum and replicas to swallow at once.
_BATCH = 5_000


async def remove_old_logs(database: Database, older_than: timedelta, *, batches: int = 20) -> int:
    """Deletes events of jobs that ended before, in so many bounded transactions at most; gives how many events.

    Readers are told first that the log is removed, so nobody sees half of one; who dies in between is
    followed by whoever looks next.
    """
    removed = 0
    for _ in range(batches):
        async with database.everything() as session:
            job_id = await session.scalar(
                select(Job.id)
                .where(Job.log_stored, Job.finished_at < func.now() - older_than)
                .order_by(Job.finished_at)
                .limit(1)
            )
            if job_id is None:
                return removed
            await session.execute(
                update(Job).where(Job.id == job_id, Job.log_removed_at.is_(None)).values(log_removed_at=now())
            )
        removed += await _remove(database, job_id)
    return removed


async def _remove(database: Database, job_id: UUID) -> int:
    async with database.everything() as session:
        first = await session.scalar(select(func.min(JobEvent.seq)).where(JobEvent.job_id == job_id))
        gone = 0
        if first is not None:
            deleted = await session.execute(
                delete(JobEvent).where(JobEvent.job_id == job_id, JobEvent.seq < first + _BATCH).returning(JobEvent.seq)
            )
            gone = len(deleted.all())
        left = exists().where(JobEvent.job_id == job_id)
        await session.execute(update(Job).where(Job.id == job_id, ~left).values(log_stored=False))
        return gone
