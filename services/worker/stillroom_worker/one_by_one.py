"""How the sweeper works: it waits for no row, and what goes wrong with one thing keeps no other from its turn."""

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import TypeVar

import asyncpg
import structlog
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from stillroom_core.database import Session, is_outage
from stillroom_core.telemetry import metrics

log = structlog.get_logger()

Thing = TypeVar("Thing")


_HELD = timedelta(seconds=1)


async def impatiently(session: Session) -> None:
    """From now on this transaction gives up on a row that somebody holds; the next round finds it free."""
    await session.execute(text(f"set local lock_timeout = '{int(_HELD.total_seconds() * 1000)}ms'"))


def _row_is_held(error: DBAPIError) -> bool:
    """Whether a transaction gave up because somebody holds a row; a later round finds it free."""
    return bool(getattr(error.orig, "sqlstate", None) == asyncpg.LockNotAvailableError.sqlstate)


async def one_by_one(part: str, things: Iterable[Thing], deal: Callable[[Thing], Awaitable[None]]) -> None:
    """Deals with each; one that fails is logged, counted and left to the next round.

    Raises what says that our own PostgreSQL is away: it is away for the others too.
    """
    for thing in things:
        try:
            await deal(thing)
        except Exception as error:
            if is_outage(error):
                raise
            if isinstance(error, DBAPIError) and _row_is_held(error):
                log.warning("sweep.row_held", part=part)
                continue
            metrics.SWEEP_FAILURES.labels(part).inc()
            log.exception("sweep.failed", part=part)
