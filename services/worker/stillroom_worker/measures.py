"""What the scheduler counts of the whole installation every few seconds, for its metrics."""

from datetime import timedelta

from redis.exceptions import RedisError

from stillroom_core.databases.client_certificate import count_expiring
from stillroom_core.installation.standing import (
    deliveries_waiting,
    letters,
    running_jobs,
    untrusted_databases,
    waiting_jobs,
)
from stillroom_core.jobs.presence import living_workers
from stillroom_core.telemetry import metrics
from stillroom_worker.room import Room

EVERY = timedelta(seconds=10)


async def measure(room: Room) -> None:
    """Sets the gauges of the scheduler; raises what an absent database raises."""
    async with room.database.everything() as session:
        waiting, running = await waiting_jobs(session), await running_jobs(session)
        doubtful, post = await untrusted_databases(session), await letters(session)
        hooks, certificates = await deliveries_waiting(session), await count_expiring(session)
    for age, count in waiting.by_age.items():
        metrics.JOBS_WAITING.labels(age).set(count)
    metrics.JOBS_OLDEST.set(waiting.oldest_s)
    metrics.JOBS_RUNNING.set(running)
    metrics.UNTRUSTED.set(doubtful)
    metrics.CERTIFICATES.set(certificates)
    metrics.LETTERS_WAITING.set(post.waiting)
    metrics.DELIVERIES_WAITING.set(hooks)
    # Anew each time: an organization that waits no more is no label any more.
    metrics.JOBS_OF_ORGANIZATION.clear()
    for organization_id, count in waiting.by_organization:
        metrics.JOBS_OF_ORGANIZATION.labels(str(organization_id)).set(count)
    rest = waiting.total - sum(count for _, count in waiting.by_organization)
    metrics.JOBS_OF_ORGANIZATION.labels("others").set(rest)
    await _measure_workers(room)


async def _measure_workers(room: Room) -> None:
    try:
        workers = await living_workers(room.redis)
    except (RedisError, OSError):
        workers = []  # nobody can be seen, which is what an alert should say
    metrics.WORKERS.clear()
    for worker in workers:
        metrics.WORKERS.labels(worker.level).inc()
    slots = sum(worker.slots for worker in workers if not worker.draining)
    busy = sum(worker.busy for worker in workers)
    metrics.SLOTS.labels("busy").set(busy)
    metrics.SLOTS.labels("free").set(max(0, slots - busy))
