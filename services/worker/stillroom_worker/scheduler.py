"""The scheduler: `python -m stillroom_worker.scheduler`. Runs the sweeper, and needs no queue for it.

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
    try:
        while not stop.is_set():
            try:
                await sweep(room)
            except (SQLAlchemyError, OSError) as cause:
                log.warning("sweep.failed", cause=type(cause).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), EVERY.total_seconds())
    finally:
        await room.close()


if __name__ == "__main__":
    configure_logs(get_settings())
    asyncio.run(run())
