"""The scheduler: `python -m stillroom_worker.scheduler`. Runs the sweeper, hands letters over, sends webhooks.

A process of its own, because a sweep that waits in the queue behind long jobs finds lost ones too late.
Several may run: every part of a sweep may be repeated.
"""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic

import structlog
from sqlalchemy.exc import SQLAlchemyError

import stillroom_core.models  # noqa: F401 - registers every table
from stillroom_core.health import examine
from stillroom_core.logs import configure_logs
from stillroom_core.mail.delivery import Carrier, carrier_of, deliver
from stillroom_core.settings import get_settings
from stillroom_core.telemetry import metrics
from stillroom_core.telemetry.door import Door
from stillroom_core.telemetry.pools import tell_pool
from stillroom_core.webhooks.delivery import deliver_webhooks
from stillroom_worker import measures
from stillroom_worker.room import Room
from stillroom_worker.sweep import sweep

log = structlog.get_logger()

EVERY = timedelta(seconds=2)
# No part of a round waits for so long: statements end after 8 s, and waiting for rows after one.
STUCK = timedelta(minutes=5)


async def run() -> None:
    """Sweeps until it is told to stop; a database that is away is tried again."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    settings = get_settings()
    room = await Room.open(settings, runs_jobs=False)
    tell_pool(room.database)
    rounds = Rounds()
    door = Door.open(settings.operator_bind, "scheduler", lambda: examine(settings), rounds.alive)
    # Beside the sweeper: servers of others that are slow must not keep lost jobs from being found.
    beside = [asyncio.create_task(work(room, stop)) for work in (hand_over_letters, send_webhooks)]
    if door is not None:
        beside.append(asyncio.create_task(again("measures", measures.EVERY, stop, lambda: measures.measure(room))))
    try:
        await again("sweep", EVERY, stop, lambda: swept(room, rounds))
    finally:
        stop.set()
        await asyncio.gather(*beside)
        if door is not None:
            door.close()
        await room.close()


async def again(what: str, every: timedelta, stop: asyncio.Event, work: Callable[[], Awaitable[None]]) -> None:
    """Does it over and over until it is told to stop; an outage is told and passes."""
    while not stop.is_set():
        try:
            await work()
        except (SQLAlchemyError, OSError) as cause:
            log.warning("again.failed", what=what, cause=type(cause).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), every.total_seconds())


class Rounds:
    """When the last round of the sweeper began."""

    def __init__(self) -> None:
        self._began = monotonic()

    def begin(self) -> None:
        """One begins now; how it ends is another question, since outages pass."""
        self._began = monotonic()

    def alive(self) -> bool:
        """Whether rounds still begin."""
        return monotonic() - self._began < STUCK.total_seconds()


async def swept(room: Room, rounds: Rounds) -> None:
    """One round of the sweeper, counted."""
    rounds.begin()
    outcome = "failed"
    try:
        with metrics.SWEEP_SECONDS.time():
            await sweep(room)
        outcome = "done"
    finally:
        metrics.SWEEPS.labels(outcome).inc()


async def hand_over_letters(room: Room, stop: asyncio.Event) -> None:
    """Hands over what was posted until it is told to stop; without a mail server letters wait."""
    carrier = carrier_of(room.settings)
    if carrier is not None:
        await again("letters", EVERY, stop, lambda: _delivered(room, carrier))


async def _delivered(room: Room, carrier: Carrier) -> None:
    await deliver(room.database, carrier)


async def send_webhooks(room: Room, stop: asyncio.Event) -> None:
    """Sends what waits for webhooks until it is told to stop."""
    await again("webhooks", EVERY, stop, lambda: _sent(room))


async def _sent(room: Room) -> None:
    while await deliver_webhooks(room.database, room.settings):
        pass  # while there is more, without a pause


if __name__ == "__main__":
    configure_logs(get_settings(), "scheduler")
    asyncio.run(run())
