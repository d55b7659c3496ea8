"""What changed since a page was told last: notices gathered, and narrowed to what its person may see."""

import asyncio
import json
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from stillroom_core.live.notices import About


class Changes:
    """Hears the notices of an organization; holds at most one of each kind, however many come."""

    def __init__(self, hears_of: Callable[[UUID], bool]) -> None:
        self._hears_of = hears_of
        self._about: set[About] = set()
        self._came = asyncio.Event()

    def heard(self, text: str | None) -> None:
        """A notice; None where some may have been missed."""
        if text is None:
            self.everything()
            return
        notice = json.loads(text)
        if self._hears_of(UUID(notice["project"])):
            self._about.add(About(notice["about"]))
            self._came.set()

    def everything(self) -> None:
        """Something may have changed, whatever it is."""
        self._about.update(About)
        self._came.set()

    async def take(self, patience: timedelta | None) -> list[About]:
        """What changed, as soon as something did; after so long without a word, everything."""
        try:
            async with asyncio.timeout(patience.total_seconds() if patience else None):
                await self._came.wait()
        except TimeoutError:
            return list(About)
        self._came.clear()
        about, self._about = self._about, set()
        return sorted(about)
