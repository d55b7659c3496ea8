"""Rings the workers. The rows are the queue: a message only says "look at this row now".

A message that is lost costs a few seconds until the sweeper rings again; one that arrives twice does
nothing, because claiming a row is a conditional update. This is the only place that knows Celery.
"""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

import structlog
from celery import Celery

from stillroom_core.database import Session
from stillroom_core.jobs import transport
from stillroom_core.jobs.broker import Away
from stillroom_core.settings import Settings
from stillroom_core.silence import BROKER_WITHIN, keepalive
from stillroom_core.telemetry import traces
from stillroom_core.telemetry.trail import carried

log = structlog.get_logger()

RUN_JOB = "stillroom.run_job"
FETCH_PROJECT = "stillroom.fetch_project"
READ_DATABASE = "stillroom.read_database"
LOOK_AT_SETUP = "stillroom.look_at_setup"
TEST_DATABASE = "stillroom.test_database"
READ_CATALOGUE = "stillroom.read_catalogue"
READ_CHANGES = "stillroom.read_changes"
WRITE_DRAFT = "stillroom.write_draft"
PUSH_DRAFT = "stillroom.push_draft"

# Where messages go that name no other queue.
QUEUE = "stillroom"
# The header of a message that holds what leads back to the request behind it.
TRAIL = "stillroom-trail"

# Celery on Redis redelivers what is not acknowledged in this time; tasks are acknowledged on arrival, so
# only a worker that dies between receiving and acknowledging is concerned.
_VISIBILITY = timedelta(hours=12)
# RabbitMQ and a worker each tell the other so often that they live; twice without it, and the connection is given up.
_HEARTBEAT = timedelta(seconds=10)
_UP = timedelta(minutes=2)
# Who listens for messages never writes, so nothing tells it that the network has forgotten its connection. It looks
# so often whether an answer is overdue, and connects again; until then it is deaf.
_LISTENS_WITHIN = timedelta(seconds=5)


def make_celery(settings: Settings) -> Celery:
    """The Celery application as both sides of the queue configure it."""
    transport.register()
    app = Celery("stillroom", broker=settings.messages_url)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        event_serializer="json",
        task_ignore_result=True,
        task_acks_late=False,
        task_create_missing_queues=True,
        task_default_queue=QUEUE,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        # A process of the pool opens its room before it says that it is up. Celery's 4 s may be too short for that on
        # a busy host: it would kill the process, and the next one, for ever.
        worker_proc_alive_timeout=_UP.total_seconds(),
        broker_connection_retry_on_startup=True,
        # Verified by our transport in any case; kombu, which is told nothing, would log that it is not.
        broker_use_ssl={"ssl_cert_reqs": ssl.CERT_REQUIRED} if settings.messages_url.startswith("rediss:") else False,
        broker_connection_timeout=BROKER_WITHIN.total_seconds(),
        broker_heartbeat=_HEARTBEAT.total_seconds(),
        broker_transport_options=_over_amqp() if settings.broker_url else _over_valkey(),
        # Who watches a worker from outside is shown it by Valkey; over AMQP each would be a queue of its own.
        worker_enable_remote_control=settings.broker_url is None,
        timezone="UTC",
    )
    return app


def _over_valkey() -> dict[str, Any]:
    return {
        "visibility_timeout": _VISIBILITY.total_seconds(),
        "socket_timeout": BROKER_WITHIN.total_seconds(),
        "socket_connect_timeout": BROKER_WITHIN.total_seconds(),
        "socket_keepalive": True,
        "socket_keepalive_options": keepalive(),
        "health_check_interval": _LISTENS_WITHIN.total_seconds(),
        "retry_on_timeout": True,
    }


def _over_amqp() -> dict[str, Any]:
    """There is no visibility timeout: what a worker took and did not acknowledge comes back when its connection ends.

    The server says that it has a message: without that one sent into a connection that is gone would count as sent.
    """
    seconds = BROKER_WITHIN.total_seconds()
    return {"confirm_publish": True, "write_timeout": seconds, "socket_settings": keepalive()}


@dataclass(frozen=True)
class Ring:
    """One message: which task should look at which row."""

    task: str
    key: UUID


class Queue(Protocol):
    """What sends rings."""

    async def send(self, rings: list[Ring]) -> None:
        """Sends all, or logs that the broker does not answer; never raises for that."""


class CeleryQueue:
    """Sends rings through Celery."""

    def __init__(self, settings: Settings) -> None:
        self._celery = make_celery(settings)
        self._confirmed: dict[str, Any] = {}
        if settings.broker_url:
            self._confirmed["confirm_timeout"] = BROKER_WITHIN.total_seconds()

    async def send(self, rings: list[Ring]) -> None:
        """Sends off the event loop, because the broker client blocks."""
        await asyncio.to_thread(self._send, rings)

    def _send(self, rings: list[Ring]) -> None:
        for ring in rings:
            try:
                with traces.span(f"queue {ring.task}"):
                    headers = {TRAIL: carried()}
                    self._celery.send_task(
                        ring.task, args=[str(ring.key)], headers=headers, retry=False, **self._confirmed
                    )
            except Away as cause:
                # The row stands; the sweeper rings again as soon as the broker is back.
                log.warning("queue.unreachable", task=ring.task, key=str(ring.key), cause=type(cause).__name__)

    def close(self) -> None:
        """Ends the broker connections."""
        self._celery.close()


class RecordingQueue:
    """Keeps rings instead of sending them; for tests of what would be rung."""

    def __init__(self) -> None:
        self.rings: list[Ring] = []

    async def send(self, rings: list[Ring]) -> None:
        """Remembers them in order."""
        self.rings.extend(rings)


_RINGS: Any = "stillroom.rings"


def ring_after_commit(session: Session, ring: Ring) -> None:
    """Asks for a ring once this session's transaction has been committed."""
    session.info.setdefault(_RINGS, []).append(ring)


def take_rings(session: Session) -> list[Ring]:
    """The rings that the committed transaction asked for, once."""
    rings: list[Ring] = session.info.pop(_RINGS, [])
    return rings
