"""What one worker process holds: settings, database, Valkey, queue, folders and the proven isolation."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from redis.asyncio import Redis

from stillroom_core.database import Database
from stillroom_core.jobs.queue import CeleryQueue, Queue
from stillroom_core.live.after_commit import telling
from stillroom_core.settings import Settings
from stillroom_core.silence import open_broker
from stillroom_worker.sandbox import Level, choose_level

# A worker that freezes or vanishes in the middle of a transaction may hold a job's row for so long. It is less than
# the part of a lease in which another heart goes on trying to beat (12 of 20 s): no job ends for somebody else's fault.
SILENCE = timedelta(seconds=8)


async def prove_isolation(settings: Settings) -> Level:
    """The strongest level that holds here; raises SandboxUnavailable below the set one."""
    work = settings.data_dir / "jobs"
    work.mkdir(parents=True, exist_ok=True)
    return await choose_level(Level(settings.sandbox), work=work)


@dataclass
class Room:
    """The worker's own things; tenants' processes see none of them."""

    settings: Settings
    database: Database
    redis: "Redis"
    queue: Queue
    level: Level | None
    # What our own PostgreSQL calls itself and our database, once somebody has asked.
    own_system: tuple[str, str] | None = None

    @classmethod
    async def open(
        cls, settings: Settings, queue: Queue | None = None, *, runs_jobs: bool = True, level: Level | None = None
    ) -> "Room":
        """Connects and, to run jobs, proves the isolation unless `level` was proven; raises SandboxUnavailable."""
        for name in ("mirrors", "checkouts", "virtualenvs", "jobs"):
            (settings.data_dir / name).mkdir(parents=True, exist_ok=True)
        if runs_jobs and level is None:
            level = await prove_isolation(settings)
        database = Database.from_settings(pool_size=4, silence=SILENCE)
        redis = open_broker(settings.redis_url.get_secret_value(), again=0)
        made = cls(settings, database, redis, queue or CeleryQueue(settings), level)
        database.after_commit = telling(lambda: made.queue, redis)
        return made

    def isolation(self) -> Level:
        """The proven level; raises RuntimeError in a process that runs no jobs."""
        if self.level is None:
            raise RuntimeError("this process proved no isolation and runs no jobs")
        return self.level

    def folder(self, name: str) -> Path:
        """One of the worker's folders: mirrors, checkouts, virtualenvs, jobs."""
        return self.settings.data_dir / name

    async def close(self) -> None:
        """Returns every connection."""
        await self.redis.aclose()
        await self.database.close()
