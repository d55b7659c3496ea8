"""What a watcher is told about the job's row, on a real broker; the table is a stand-in that counts the looks."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from stillroom_core.jobs import feed, readers
from stillroom_core.jobs.feed import Event
from stillroom_core.jobs.readers import Batch, Readers
from stillroom_core.keys import new_key
from stillroom_core.live.switchboard import Switchboard


@dataclass(frozen=True)
class Row:
    """The job as a look found it."""

    text: str


@dataclass
class Watcher:
    """Watches one job, and keeps what came."""

    redis: Redis
    readers: Readers
    job: UUID = field(default_factory=new_key)
    seq: int = 0
    came: "asyncio.Queue[Batch]" = field(default_factory=asyncio.Queue)

    async def follow(self) -> None:
        async for batch in self.readers.follow(new_key(), self.job):
            await self.came.put(batch)

    async def publish(self, **how: bool) -> None:
        self.seq += 1
        await feed.publish(self.redis, self.job, [Event(self.seq, datetime.now(UTC), "step", {})], **how)

    async def next(self) -> int | str:
        """The number of the last line of the next batch, or the job's text."""
        batch = await asyncio.wait_for(self.came.get(), 20)
        return batch.lines[-1].seq if batch.lines else batch.job.text if batch.job else "end"


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(self: Any) -> None:
        self.looked, self.version, self.content = True, self.version + 1, Row("row")
        self._tell()

    monkeypatch.setattr(readers._Reader, "_look", look)


@pytest.fixture
async def watcher(redis_url: str, stored: None) -> AsyncIterator[Watcher]:
    redis = Redis.from_url(redis_url, decode_responses=True)
    board = Switchboard(redis_url)
    made = Watcher(redis, Readers(None, board, None))  # type: ignore[arg-type]
    task = asyncio.create_task(made.follow())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await board.close()
        await redis.aclose()


async def test_steps_that_move_on_do_not_make_a_reader_read_the_job_each_time(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "_SHARE_OF_PROGRESS", 1e-9)
    assert await watcher.next() == "row"
    for number in (1, 2, 3):
        await watcher.publish(progressed=True)
        assert await watcher.next() == number


async def test_a_change_of_state_is_read_at_once_however_often_progress_was(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(readers, "_SHARE_OF_PROGRESS", 1e-9)
    assert await watcher.next() == "row"
    await watcher.publish(progressed=True)
    assert await watcher.next() == 1
    await watcher.publish(changed=True)
    assert [await watcher.next(), await watcher.next()] == [2, "row"]


async def test_progress_is_read_once_the_reader_has_rested_even_when_nothing_more_is_said(watcher: Watcher) -> None:
    assert await watcher.next() == "row"
    await watcher.publish(progressed=True)
    assert await watcher.next() == 1
    assert await watcher.next() == "row"


async def test_a_watcher_that_comes_while_the_broker_is_away_still_gets_what_is_stored(stored: None) -> None:
    away = Switchboard("redis://127.0.0.1:1")
    try:
        async for batch in Readers(None, away, None).follow(new_key(), new_key()):  # type: ignore[arg-type]
            assert batch.job == Row("row")
            return
    finally:
        await away.close()


async def test_a_reader_that_breaks_says_so_to_its_watchers_and_the_next_one_begins_anew(
    watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(_self: Any) -> None:
        raise ZeroDivisionError

    good = readers._Reader._look
    monkeypatch.setattr(readers._Reader, "_look", broken)
    with pytest.raises(ZeroDivisionError):
        async for _ in watcher.readers.follow(new_key(), new_key()):
            raise AssertionError("it gave something")
    monkeypatch.setattr(readers._Reader, "_look", good)
    async for batch in watcher.readers.follow(new_key(), watcher.job):
        assert batch.job == Row("row")
        return
