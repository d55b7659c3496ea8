"""Ending tasks for sure."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

_AGAIN = timedelta(seconds=0.5)


async def end(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancels tasks until they have ended, whatever they end with.

    Once is not enough: a library below may swallow a cancel, as wait_for of Python 3.11 does when what it waits for
    comes at the same moment, and a loop around it would go on for ever.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        done, pending = await asyncio.wait(pending, timeout=_AGAIN.total_seconds())
        for task in done:
            if not task.cancelled():
                task.exception()
