"""Everything that operators see of the installation at a glance."""

import asyncio
from dataclasses import asdict
from datetime import timedelta
from importlib.metadata import version
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy import text

from stillroom_core.database import Session
from stillroom_core.health import OK, schema_fits
from stillroom_core.installation import standing
from stillroom_core.jobs import broker
from stillroom_core.jobs.presence import Worker, living_workers
from stillroom_core.jobs.queue import QUEUE
from stillroom_core.newest_schema import NEWEST
from stillroom_core.own_tls import told as why
from stillroom_core.settings import Settings
from stillroom_core.tables import now
from stillroom_core.tenancy import everything

_PATIENCE = timedelta(seconds=3)


async def overview(session: Session, redis: "Redis", settings: Settings) -> dict[str, Any]:
    """Counts, times and ids over all organizations; a broker that is away is told, not raised."""
    async with everything(session):
        waiting = await standing.waiting_jobs(session)
        found: dict[str, Any] = {
            "running": await standing.running_jobs(session),
            "leases": [asdict(lease) for lease in await standing.leases(session)],
            "doubts": [asdict(doubt) for doubt in await standing.doubts(session)],
            "letters": asdict(await standing.letters(session)),
            "deliveries": asdict(await standing.deliveries(session)),
            "failed_work": await standing.failed_work(session),
        }
        present = (await session.scalars(text("select version_num from alembic_version"))).all()
    told, workers, lines = await _broker(redis, settings)
    return {
        "version": version("stillroom-core"),
        "at": now(),
        "lease_s": settings.lease_s,
        "schema": {"present": ", ".join(present), "needed": NEWEST, "fits": schema_fits(present)},
        "broker": told,
        "queue": {
            "waiting": waiting.total,
            "by_age": waiting.by_age,
            "oldest_s": waiting.oldest_s,
            "running": found.pop("running"),
            "of_organizations": [{"organization_id": key, "jobs": jobs} for key, jobs in waiting.by_organization],
            "lines": [{"name": name, "messages": messages} for name, messages in lines.items()],
        },
        "workers": [asdict(worker) for worker in workers],
        **found,
    }


async def _broker(redis: "Redis", settings: Settings) -> tuple[str, list[Worker], dict[str, int | None]]:
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            workers = await living_workers(redis)
            names = sorted({QUEUE, *(name for worker in workers for name in worker.queues)})
            lines: dict[str, int | None] = {}
            if settings.broker_url is None:
                lines = {name: await redis.llen(name) for name in names}
    except (RedisError, OSError, TimeoutError) as cause:
        return f"does not answer ({why(cause)})", [], {QUEUE: None}
    if settings.broker_url is None:
        return OK, workers, lines
    try:
        return OK, workers, {**await broker.lengths(settings, names)}
    except broker.Away as cause:
        return f"messages: does not answer ({why(cause)})", workers, dict.fromkeys(names)
