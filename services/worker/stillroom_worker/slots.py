"""How many jobs could begin at this moment, as far as the workers have told."""

from redis.exceptions import RedisError

from stillroom_core.jobs.presence import REFUSED, living_workers
from stillroom_core.jobs.queue import QUEUE
from stillroom_worker.room import Room


async def free_slots(room: Room) -> int:
    """Slots of living workers that nobody uses; a few seconds old. 0 when nobody lives or nobody can be asked."""
    try:
        workers = await living_workers(room.redis)
    except (RedisError, OSError):
        return 0
    taking = (w for w in workers if QUEUE in w.queues and not w.draining and w.level != REFUSED)
    return sum(max(0, worker.slots - worker.busy) for worker in taking)
