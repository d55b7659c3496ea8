"""What a follower is told about the job's row, on a real broker; the table is a stand-in that counts the looks."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from redis.asyncio import Redis

from stillroom_core.jobs import feed
from stillroom_core.jobs.feed import Batch, Event
from stillroom_core.keys import new_key


@dataclass
class Follower:
    """Follows one job, and keeps what came."""

    redis: Redis
    job: UUID = field(default_factory=new_key)
    seq: int = 0
    came: "asyncio.Queue[Batch]" = field(default_factory=asyncio.Queue)

    async def follow(self) -> None:
        async for batch in feed.follow(None, self.redis, new_key(), self.job):  # type: ignore[arg-type]
            await self.came.put(batch)

    async def publish(self, **how: bool) -> None:
        self.seq += 1
        await feed.publish(self.redis, self.job, [Event(self.seq, datetime.now(UTC), "step", {})], **how)

    async def next(self) -> tuple[int, bool]:
        """The last number and whether the row is to be read, of the next batch."""
        batch = await asyncio.wait_for(self.came.get(), 20)
        return (batch.events[-1]["seq"] if batch.events else 0), batch.job_changed


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> None:
    async def look(*_: Any) -> AsyncIterator[Batch]:
        yield Batch([], job_changed=True)

    monkeypatch.setattr(feed, "_stored", look)


@pytest.fixture
async def follower(redis_url: str, stored: None) -> AsyncIterator[Follower]:
    redis = Redis.from_url(redis_url, decode_responses=True)
    made = Follower(redis)
    task = asyncio.create_task(made.follow())
    try:
        yield made
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await redis.aclose()


async def test_steps_that_move_on_do_not_make_a_follower_read_the_job_each_time(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_SHARE_OF_PROGRESS", 1e-9)
    assert await follower.next() == (0, True)
    for number in (1, 2, 3):
        await follower.publish(progressed=True)
        assert await follower.next() == (number, False)


async def test_a_change_of_state_is_read_at_once_however_often_progress_was(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "_SHARE_OF_PROGRESS", 1e-9)
    assert await follower.next() == (0, True)
    await follower.publish(progressed=True)
    assert await follower.next() == (1, False)
    await follower.publish(changed=True)
    assert await follower.next() == (2, False)
    assert await follower.next() == (0, True)


async def test_progress_is_read_once_the_follower_has_rested_even_when_nothing_more_is_said(follower: Follower) -> None:
    assert await follower.next() == (0, True)
    await follower.publish(progressed=True)
    assert await follower.next() == (1, False)
    assert await follower.next() == (0, True)


async def test_a_follower_that_comes_while_the_broker_is_away_still_gets_what_is_stored(stored: None) -> None:
    away = Redis(host="127.0.0.1", port=1)
    try:
        async for batch in feed.follow(None, away, new_key(), new_key()):  # type: ignore[arg-type]
            assert batch.job_changed
            return
    finally:
        await away.aclose()
