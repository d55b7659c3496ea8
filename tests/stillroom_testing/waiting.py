"""Tests wait for facts, never for times."""

import asyncio
from collections.abc import Callable
from inspect import iscoroutinefunction
from typing import Any


async def until(fact: Callable[[], Any], *, patience: float = 60) -> None:
    """Asks again and again, beside the event loop or in it; raises TimeoutError where the fact never comes to be."""
    async with asyncio.timeout(patience):
        while not (await fact() if iscoroutinefunction(fact) else await asyncio.to_thread(fact)):
            await asyncio.sleep(0.05)
