"""The scheduler: `python -m stillroom_worker.scheduler`. Runs the sweeper and hands letters over, without a queue.

A process of its own, because a sweep that waits in the queue behind long jobs finds lost ones too late.
Several may run: every part of a sweep may be repeated.
"""

import asyncio
import contextlib
import signal
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

import stillroom_core.models  # noqa: F401 - registers every table
from stillroom_core.logs import configure_logs
from stillroom_core.mail.delivery import carrier_of, deliver
from stillroom_core.settings import get_settings
from stillroom_worker.room import Room
from stillroom_worker.sweep import sweep

log = structlog.get_logger()

EVERY = timedelta(seconds=2)


async def run() -> None:
    """Sweeps until it is told to stop; a database that is away is tried again."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    room = await Room.open(get_settings(), runs_jobs=False)
    # Beside the sweeper: a mail server that is slow must not keep lost jobs from being found.
    letters = asyncio.create_task(hand_over_letters(room, stop))
    try:
        while not stop.is_set():
            try:
                await sweep(room)
            except (SQLAlchemyError, OSError) as cause:
                log.warning("sweep.failed", cause=type(cause).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY.total_seconds())
    finally:
        stop.set()
        await letters
        await room.close()


async def hand_over_letters(room: Room, stop: asyncio.Event) -> None:
    """Hands over what was posted until it is told to stop; without a mail server letters wait."""
    carrier = carrier_of(room.settings)
    if carrier is None:
        return
    while not stop.is_set():
        try:
            await deliver(room.database, carrier)
        except (SQLAlchemyError, OSError) as cause:
            log.warning("letters.failed", cause=type(cause).__name__)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), EVERY.total_seconds())


if __name__ == "__main__":
    configure_logs(get_settings())
    asyncio.run(run())
