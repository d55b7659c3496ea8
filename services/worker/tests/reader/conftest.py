"""The api and the reader in one process, on a target database with every kind of object."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from stillroom_api.main import create_app
from stillroom_api.reader import Reader
from stillroom_core.bootstrap import bootstrap
from stillroom_core.jobs.queue import RecordingQueue
from stillroom_core.settings import get_settings
from stillroom_testing.every_object import every_object_in
from stillroom_testing.installations import for_jobs, in_this_process, new_installation
from stillroom_testing.jobs_scene import first_data
from stillroom_testing.servers import DatabaseAddress, PostgresServer
from stillroom_worker.reader.app import create_app as create_reader

PASSWORD = "correct horse battery"
BASE = "/api/orgs/demo/projects/shop/environments/dev/databases"


@pytest.fixture(scope="session")
def installation(
    postgres_server: PostgresServer, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The settings of an installation with an empty, migrated database."""
    given = {"STILLROOM_PUBLIC_URL": "http://testserver", "STILLROOM_WEB_DIR": "", **for_jobs()}
    own = postgres_server.new_database("reader").url
    return new_installation(own, redis_url, tmp_path_factory.mktemp("data"), **given)


@pytest.fixture(scope="session")
def target(target_server: PostgresServer) -> Iterator[DatabaseAddress]:
    """A database with every kind of object."""
    with every_object_in(target_server, "target") as made:
        yield made


@dataclass
class Look:
    """The api with a reader behind it, and who is signed in."""

    app: FastAPI
    reader: Any
    client: httpx.AsyncClient
    target: DatabaseAddress
    database: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    async def call(self, method: str, path: str, **content: Any) -> httpx.Response:
        """One request as the administrator, below the database's address."""
        return await self.client.request(method, f"{BASE}/{self.database}{path}", headers=self.headers, **content)

    def run(self, statement: str) -> None:
        """One statement on the target, from outside."""
        with psycopg.connect(self.target.url, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def ask(self, query: str) -> Any:
        """One value from the target, from outside."""
        with psycopg.connect(self.target.url, autocommit=True) as connection:
            row = connection.execute(query).fetchone()  # type: ignore[call-overload]
            return row[0] if row else None


@pytest.fixture
async def look(installation: dict[str, str], target: DatabaseAddress, tmp_path: Path) -> AsyncIterator[Look]:
    """An organization with one project, one environment and the target as its database."""
    with in_this_process(installation):
        settings = get_settings()
        app, reader = create_app(queue=RecordingQueue()), create_reader(settings)
        async with app.router.lifespan_context(app), reader.router.lifespan_context(reader):
            context = app.state.context
            await context.reader.close()
            context.reader = Reader(settings, httpx.ASGITransport(app=reader))
            async with context.database.everything() as session:
                for table in ("jobs", "users", "organizations", "mails"):
                    await session.execute(text(f"delete from {table}"))
                await bootstrap(session, first_data(tmp_path, target))
            await context.redis.flushdb()
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://testserver", timeout=60) as client:
                made = Look(app, reader, client, target)
                signed = await client.post("/api/auth/sign-in", json={"email": "ann@example.com", "password": PASSWORD})
                made.headers = {"Authorization": f"Bearer {signed.json()['access_token']}"}
                places = await client.get("/api/orgs/demo/projects/shop/environments", headers=made.headers)
                made.database = places.json()["items"][0]["databases"][0]["id"]
                yield made
