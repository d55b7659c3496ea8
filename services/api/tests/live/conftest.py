"""Two replicas of the api behind real sockets, and clients of their live connections."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import event
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from stillroom_api.main import create_app
from stillroom_core.jobs.queue import RecordingQueue
from stillroom_core.settings import get_settings
from stillroom_testing.commits import add_commit
from stillroom_testing.stand_in_worker import StandInWorker

OWNER = "owner@own.example"
PATIENCE = 60


class Server(uvicorn.Server):
    """In the loop of the test, which keeps its own signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Replica:
    """One api process, as far as a client can tell."""

    app: FastAPI
    url: str
    queries: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def open(self, token: str) -> AsyncIterator["LiveClient"]:
        headers = {"Authorization": f"Bearer {token}"}
        async with connect(f"{self.url}/api/live", additional_headers=headers, proxy=None, open_timeout=PATIENCE) as s:
            yield LiveClient(s)


@dataclass
class LiveClient:
    """A program with a live connection."""

    socket: ClientConnection
    passed: list[dict[str, Any]] = field(default_factory=list)

    async def send(self, **content: Any) -> None:
        await self.socket.send(json.dumps(content))

    async def take(self, type_: str, **wanted: Any) -> dict[str, Any]:
        """The next message of this type with these contents; others wait until they are asked for."""
        for message in self.passed:
            if message["type"] == type_ and all(message.get(name) == value for name, value in wanted.items()):
                self.passed.remove(message)
                return message
        async with asyncio.timeout(PATIENCE):
            while True:
                message = json.loads(await self.socket.recv())
                if message["type"] == type_ and all(message.get(name) == value for name, value in wanted.items()):
                    return message
                self.passed.append(message)

    async def subscribe(self, topic: str, after: int = 0) -> dict[str, Any]:
        """Subscribes; gives the answer, and passes over the first "changed", which says everything."""
        await self.send(subscribe=topic, after=after)
        async with asyncio.timeout(PATIENCE):
            while True:
                message: dict[str, Any] = json.loads(await self.socket.recv())
                if message["type"] in ("subscribed", "refused") and message["topic"] == topic:
                    break
                self.passed.append(message)
        if message["type"] == "subscribed" and not topic.startswith("job:"):
            await self.take("changed", topic=topic)
        return message

    async def quiet(self) -> list[dict[str, Any]]:
        """What has come and was not asked for, up to the answer to a ping: the server answers in order."""
        await self.send(ping="quiet")
        await self.take("pong", ping="quiet")
        passed, self.passed = self.passed, []
        return [message for message in passed if message["type"] != "ready"]

    async def lines(self) -> list[int]:
        """The numbers of all events until the end of the job's stream."""
        seen = [item["seq"] for message in self.passed for item in message.get("items", ())]
        async with asyncio.timeout(PATIENCE):
            while (message := json.loads(await self.socket.recv()))["type"] != "end":
                seen += [item["seq"] for item in message.get("items", ())]
        return seen

    async def close_code(self) -> int | None:
        """With which code the server closes."""
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(PATIENCE):
                while True:
                    await self.socket.recv()
        return self.socket.close_code


@pytest.fixture
async def replicas(api: Any) -> AsyncIterator[list[Replica]]:
    """Two of them on the database and the broker of `api`, counting their queries."""
    made, servers, serving = [], [], []
    settings = get_settings().model_copy(update={"extra_hosts_text": "127.0.0.1"})
    for _ in range(2):
        app = create_app(settings, RecordingQueue())
        options = {"log_level": "warning", "ws_per_message_deflate": False, "timeout_graceful_shutdown": 5}
        server = Server(uvicorn.Config(app, host="127.0.0.1", port=0, **options))
        serving.append(asyncio.create_task(server.serve()))
        async with asyncio.timeout(PATIENCE):
            while not server.started:
                await asyncio.sleep(0.01)
        replica = Replica(app, f"ws://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}")
        engine = app.state.context.database.engine.sync_engine
        event.listen(engine, "before_cursor_execute", lambda _c, _k, text, *_, to=replica.queries: to.append(text))
        made.append(replica)
        servers.append(server)
    yield made
    for server in servers:
        server.should_exit = True
    await asyncio.gather(*serving)


@pytest.fixture
async def worker(api: Any, installation: dict[str, str]) -> AsyncIterator[StandInWorker]:
    """Writes what a worker would write."""
    async with StandInWorker(installation["DATABASE_URL"], installation["REDIS_URL"]) as stand_in:
        yield stand_in


@pytest.fixture
async def job(api: Any) -> str:
    """A job that waits, in own/shop."""
    await add_commit(api.app.state.context.database, "own", {"aaa1": ()})
    return await start(api)


@pytest.fixture
async def token(api: Any) -> str:
    """Of the owner of `own`."""
    return await token_of(api, OWNER)


async def token_of(api: Any, email: str) -> str:
    await api.sign_in(email)
    token: str = api.tokens[email]
    return token


async def start(api: Any) -> str:
    move = {"project": "own/shop", "environment": "dev", "revision": "head"}
    answer = await api.call(OWNER, "POST", "/api/migrations/upgrade", json=move)
    assert answer.status_code == 202, answer.text
    return str(answer.json()["id"])


@pytest.fixture
def helpers() -> Any:
    """What tests of this folder share; conftest cannot be imported."""

    class Helpers:
        token_of = staticmethod(token_of)
        start = staticmethod(start)
        client = LiveClient

    return Helpers
