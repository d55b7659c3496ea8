"""One subscription of a process: nobody misses anything without being told."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import pytest
from redis.asyncio import Redis

from stillroom_core.keys import new_key
from stillroom_core.live import switchboard
from stillroom_core.live.switchboard import Switchboard
from stillroom_testing.relay import Relay


@dataclass(eq=False)
class Listener:
    """Keeps what it hears."""

    came: "asyncio.Queue[str | None]" = field(default_factory=asyncio.Queue)

    def __call__(self, text: str | None) -> None:
        self.came.put_nowait(text)

    async def next(self) -> str | None:
        return await asyncio.wait_for(self.came.get(), 20)


@dataclass
class Scene:
    redis: Redis
    relay: Relay
    board: Switchboard
    channel: str = field(default_factory=lambda: f"test:{new_key()}")


@pytest.fixture
async def scene(redis_url: str) -> AsyncIterator[Scene]:
    parts = urlsplit(redis_url)
    redis = Redis.from_url(redis_url, decode_responses=True)
    async with Relay(parts.port or 6379) as relay:
        board = Switchboard(redis_url.replace(f":{parts.port}", f":{relay.port}"))
        yield Scene(redis, relay, board)
        relay.reopen()
        await board.close()
    await redis.aclose()


async def _connections(redis: Redis) -> int:
    return len(await redis.client_list(_type="pubsub"))


async def test_all_listeners_share_one_connection_and_one_subscription(scene: Scene) -> None:
    before = await _connections(scene.redis)
    listeners = [Listener() for _ in range(50)]
    for listener in listeners:
        scene.board.listen(scene.channel, listener)
        scene.board.listen(f"{scene.channel}:{id(listener)}", listener)
        assert [await listener.next(), await listener.next()] == [None, None]
    assert await scene.redis.publish(scene.channel, "hello") == 1
    for listener in listeners:
        assert await listener.next() == "hello"
    assert await _connections(scene.redis) == before + 1


async def test_after_a_broken_connection_listeners_are_told_that_they_may_have_missed_something(scene: Scene) -> None:
    listener = Listener()
    scene.board.listen(scene.channel, listener)
    assert await listener.next() is None
    scene.relay.close()
    async with asyncio.timeout(20):
        while scene.board.hears(scene.channel):
            await asyncio.sleep(0.01)
    await scene.redis.publish(scene.channel, "missed")
    scene.relay.reopen()
    assert await listener.next() is None
    await scene.redis.publish(scene.channel, "heard")
    assert await listener.next() == "heard"


async def test_a_network_that_swallows_everything_is_found_out(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switchboard, "_PING_EVERY", switchboard._PING_EVERY / 50)
    monkeypatch.setattr(switchboard, "_PATIENCE", switchboard._PATIENCE / 20)
    listener = Listener()
    scene.board.listen(scene.channel, listener)
    assert await listener.next() is None
    scene.relay.swallow()
    async with asyncio.timeout(20):
        while scene.board.hears(scene.channel):
            await asyncio.sleep(0.01)
    scene.relay.cut()
    scene.relay.reopen()
    assert await listener.next() is None


async def test_who_leaves_and_comes_back_at_once_hears_again(scene: Scene) -> None:
    listener = Listener()
    for _ in range(20):
        scene.board.listen(scene.channel, listener)
        assert await listener.next() is None
        scene.board.leave(scene.channel, listener)
    scene.board.listen(scene.channel, listener)
    assert await listener.next() is None
    async with asyncio.timeout(20):
        while await scene.redis.publish(scene.channel, "hello") != 1:
            await asyncio.sleep(0.01)
    while (text := await listener.next()) is None:
        pass
    assert text == "hello"
