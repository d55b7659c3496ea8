"""A real server for the command: our api in a process of its own, on a database with one project."""

import argparse
import os
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from stillroom_cli.client import register
from stillroom_cli.client.connection import Client
from stillroom_core.revisions.graph import Revision
from stillroom_testing.api_server import EMAIL, PASSWORD, ApiServer
from stillroom_testing.paper import Paper
from stillroom_testing.relay import Relay
from stillroom_testing.servers import PostgresServer
from stillroom_testing.stand_in_worker import StandInWorker

SHOP = (
    Revision(id="aaaa00000001", message="customers", path="a.py"),
    Revision(id="bbbb00000002", down=("aaaa00000001",), message="orders", path="b.py"),
    Revision(id="cccc00000003", down=("aaaa00000001",), message="prices", path="c.py"),
    Revision(id="dddd00000004", down=("bbbb00000002", "cccc00000003"), message="together", path="d.py"),
)

Stillroom = Callable[..., int]


@pytest.fixture(scope="session")
def api_server(
    postgres_server: PostgresServer, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[ApiServer]:
    """The api over a fresh metadata database with the project demo/shop."""
    server = ApiServer(
        database_url=postgres_server.new_database("cli").url,
        redis_url=redis_url,
        data=tmp_path_factory.mktemp("data"),
        more={"STILLROOM_RATE_LIMITS": "10"},  # all the tests are one person at one address
    )
    server.prepare()
    server.start()
    yield server
    server.kill()


@pytest.fixture
async def worker(api_server: ApiServer) -> AsyncIterator[StandInWorker]:
    """Writes what a worker would write: claims, events, ends."""
    async with StandInWorker(api_server.database_url, api_server.redis_url) as stand_in:
        await stand_in.forget_jobs()
        await stand_in.ensure_commit(SHOP)
        yield stand_in


@pytest.fixture
def client(api_server: ApiServer) -> Iterator[Client]:
    """Signed in, with nothing kept on disk."""
    with Client(api_server.url) as signed_in:
        signed_in.sign_in(EMAIL, PASSWORD)
        yield signed_in


@pytest.fixture
async def relay(api_server: ApiServer) -> AsyncIterator[Relay]:
    """A way to the api that can be cut."""
    async with Relay(api_server.port) as between:
        yield between


@pytest.fixture
def paper() -> Paper:
    """Something to write on that can be waited for."""
    return Paper()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, api_server: ApiServer) -> Path:
    """A user's own configuration folder, and an environment that names the server."""
    for name in [name for name in os.environ if name.startswith("STILLROOM_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("STILLROOM_URL", api_server.url)
    monkeypatch.setenv("STILLROOM_EMAIL", EMAIL)
    monkeypatch.setenv("STILLROOM_PASSWORD", PASSWORD)
    monkeypatch.setenv("STILLROOM_PROJECT", "shop")
    return tmp_path


@pytest.fixture
def stillroom(home: Path) -> Stillroom:
    """The command, in this process: `stillroom("jobs", "--json")` returns the exit code."""

    def run(*words: str) -> int:
        parser = argparse.ArgumentParser(prog="stillroom")
        register(parser.add_subparsers(required=True))
        arguments = parser.parse_args(words)
        return int(arguments.run(arguments))

    return run
