"""How a worker shows itself: to the api every few seconds, and to operators at its door."""

import os
import platform
import socket
from datetime import UTC, datetime, timedelta
from importlib.metadata import version
from threading import Event, Thread

import structlog
from celery.worker import state
from prometheus_client import multiprocess
from redis import Redis
from redis.exceptions import RedisError

from stillroom_core.health import examine
from stillroom_core.jobs.presence import REFUSED, Worker, leave, say
from stillroom_core.settings import get_settings
from stillroom_core.telemetry import metrics
from stillroom_core.telemetry.door import MULTIPROCESS, Door
from stillroom_worker import drain

log = structlog.get_logger()

_EVERY = timedelta(seconds=5)


class _Shown:
    """A worker that shows itself until it has ended."""

    def __init__(self, level: str, slots: int, queues: tuple[str, ...]) -> None:
        self._level, self._slots, self._queues = level, slots, queues
        self._name = f"{socket.gethostname()}:{os.getpid()}"
        self._started = datetime.now(UTC).isoformat(timespec="seconds")
        self._over = Event()
        metrics.SANDBOX_LEVEL.labels(level).set(1)
        metrics.DRAINING.set(0)
        self._door = self._open_door()
        self._thread = Thread(target=self._say_again, name="presence", daemon=True)
        self._thread.start()

    def _open_door(self) -> Door | None:
        """A worker whose address is taken, for example by another one of this host, works on without a door."""
        bind = get_settings().operator_bind
        try:
            return Door.open(bind, "worker", self._ready)
        except OSError as cause:
            log.warning("door.closed", address=bind, cause=cause.strerror, fix="give each an address of its own")
            return None

    def _ready(self) -> dict[str, str]:
        reasons = examine(get_settings())
        return {**reasons, "worker": "ends: it takes no more jobs"} if drain.draining() else reasons

    def _say_again(self) -> None:
        while not self._over.is_set():
            metrics.DRAINING.set(drain.draining())
            _tell(
                Worker(
                    name=self._name,
                    level=self._level,
                    version=version("stillroom-worker"),
                    python=platform.python_version(),
                    slots=self._slots,
                    busy=len(state.active_requests),
                    draining=drain.draining(),
                    queues=self._queues,
                    started_at=self._started,
                )
            )
            self._over.wait(_EVERY.total_seconds())

    def close(self) -> None:
        """Ends it, so that nobody counts on this worker any more."""
        self._over.set()
        self._thread.join()
        if self._door is not None:
            self._door.close()
        try:
            with _broker() as client:
                leave(client, self._name)
        except (RedisError, OSError):
            log.info("presence.unreachable")  # it is forgotten by itself soon


_shown: list[_Shown] = []


def begin(level: str, *, slots: int, queues: tuple[str, ...]) -> None:
    """From now on this worker shows itself."""
    _shown.append(_Shown(level, slots, queues))


def end() -> None:
    """It has ended."""
    while _shown:
        _shown.pop().close()


def tell_refused() -> None:
    """Shows that a worker of this host takes no jobs; nothing depends on it."""
    _tell(Worker(name=f"{socket.gethostname()}:0", level=REFUSED, version=version("stillroom-worker")))


def forget_process() -> None:
    """A process of the pool has ended: its gauges count no more."""
    if os.environ.get(MULTIPROCESS):
        multiprocess.mark_process_dead(os.getpid())  # type: ignore[no-untyped-call]


def _tell(worker: Worker) -> None:
    try:
        with _broker() as client:
            say(client, worker)
    except (RedisError, OSError) as cause:
        log.warning("presence.unreachable", cause=type(cause).__name__)


def _broker() -> "Redis":
    return Redis.from_url(get_settings().redis_url.get_secret_value(), socket_timeout=2, socket_connect_timeout=2)
