"""One subscription of a process for everybody in it who listens to a channel of the broker."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta
from time import monotonic
from typing import Any

import structlog
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from stillroom_core.tasks import end

log = structlog.get_logger()

# Called with the text of a message; with None when the channel is heard from now on, so that whatever was published
# before may have been missed: at the beginning, and again whenever the broker was away.
Heard = Callable[[str | None], None]

_CONNECT_AGAIN = timedelta(seconds=0.5)
# A connection that a network dropped without a word must be found out: nothing published is missed for longer.
_PING_EVERY, _PATIENCE = timedelta(seconds=5), timedelta(seconds=12)
_OUTAGE = (RedisError, OSError, TimeoutError)


class Switchboard:
    """Keeps one connection subscribed to the channels that somebody listens to, and passes messages on.

    Listening and leaving never wait for the broker. While it is away nobody hears anything, and `hears` says so.
    """

    def __init__(self, redis_url: str) -> None:
        # A retry inside the client would hide that messages were missed.
        self._redis = Redis.from_url(
            redis_url,
            decode_responses=True,
            retry=Retry(NoBackoff(), 0),
            health_check_interval=0,
            socket_connect_timeout=5,
        )
        self._listeners: dict[str, set[Heard]] = {}
        self._heard: set[str] = set()
        self._wanted_changed = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._closed = False
        # The client of the broker may swallow a cancel (wait_for of Python 3.11 does), so its loops look here too.
        self._over = False

    def listen(self, channel: str, heard: Heard) -> None:
        """From now on `heard` is called for the channel; its first call is None, as soon as the broker listens."""
        self._listeners.setdefault(channel, set()).add(heard)
        if channel in self._heard:
            heard(None)
        self._wanted_changed.set()
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def leave(self, channel: str, heard: Heard) -> None:
        """Ends it; the last to leave ends the subscription."""
        listeners = self._listeners.get(channel, set())
        listeners.discard(heard)
        if not listeners:
            self._listeners.pop(channel, None)
            self._wanted_changed.set()

    def hears(self, channel: str) -> bool:
        """Whether what is published there now will arrive."""
        return channel in self._heard

    async def close(self) -> None:
        """Ends the connection."""
        # Neither a connection that breaks while it is cancelled nor one that forgets its cancel may go on.
        self._closed = self._over = True
        if self._task is not None:
            await end([self._task])
        await self._redis.aclose()

    async def _run(self) -> None:
        while not self._closed:
            try:
                await self._connected()
            except* _OUTAGE as causes:
                self._heard.clear()
                if not self._closed:
                    log.warning("switchboard.unreachable", cause=type(causes.exceptions[0]).__name__)
                    await asyncio.sleep(_CONNECT_AGAIN.total_seconds())

    async def _connected(self) -> None:
        pubsub = self._redis.pubsub()
        self._over = self._closed
        try:
            async with asyncio.timeout(_PATIENCE.total_seconds()):
                await pubsub.connect()  # type: ignore[no-untyped-call]
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._subscribe(pubsub))
                tasks.create_task(self._receive(pubsub))
        finally:
            self._over = True
            with contextlib.suppress(*_OUTAGE):
                await pubsub.aclose()  # type: ignore[no-untyped-call]

    async def _subscribe(self, pubsub: Any) -> None:
        """Follows what is wanted. Only this coroutine writes to the connection."""
        subscribed: set[str] = set()
        while not self._over:
            self._wanted_changed.clear()
            wanted = set(self._listeners)
            if fresh := wanted - subscribed:
                await pubsub.subscribe(*fresh)
            if done := subscribed - wanted:
                self._heard -= done
                await pubsub.unsubscribe(*done)
            subscribed = wanted
            try:
                async with asyncio.timeout(_PING_EVERY.total_seconds()):
                    await self._wanted_changed.wait()
            except TimeoutError:
                await pubsub.ping()

    async def _receive(self, pubsub: Any) -> None:
        """Passes on what comes. Only this coroutine reads."""
        came = monotonic()
        while not self._over:
            message = await pubsub.get_message(timeout=_PING_EVERY.total_seconds())
            if message is None:
                if monotonic() - came > _PATIENCE.total_seconds():
                    self._over = True
                    raise TimeoutError
                continue
            came = monotonic()
            if message["type"] == "subscribe":
                self._heard.add(message["channel"])
                self._pass_on(message["channel"], None)
            elif message["type"] == "message" and message["channel"] in self._heard:
                self._pass_on(message["channel"], message["data"])

    def _pass_on(self, channel: str, text: str | None) -> None:
        for heard in tuple(self._listeners.get(channel, ())):
            heard(text)
