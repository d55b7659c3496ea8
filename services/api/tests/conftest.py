"""An api in this process on a real, migrated database, with two organizations that must not see each other."""

import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import text

from stillroom_api.main import create_app
from stillroom_core.bootstrap import bootstrap
from stillroom_core.jobs.queue import RecordingQueue
from stillroom_core.keys import new_key
from stillroom_core.mail.delivery import outbox
from stillroom_core.members.models import Membership, ProjectMembership, User
from stillroom_core.sessions.passwords import hash_password
from stillroom_testing.installations import in_this_process, new_installation
from stillroom_testing.servers import PostgresServer

ROOT = Path(__file__).resolve().parents[3]
PASSWORD = "correct horse battery"
CANARY = "canary-7f3a"


@pytest.fixture(scope="session")
def installation(
    postgres_server: PostgresServer, redis_url: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The settings of an installation with an empty, migrated database."""
    data = tmp_path_factory.mktemp("data")
    public = {
        "STILLROOM_PUBLIC_URL": "http://testserver",
        "STILLROOM_WEB_DIR": "",
        "STILLROOM_SIGN_UP": "open",
        "STILLROOM_SMTP_URL": "smtp://127.0.0.1:1",  # letters wait in the table, where tests read them
    }
    return new_installation(postgres_server.new_database("api").url, redis_url, data, **public)


@pytest.fixture
def api_environment(installation: dict[str, str]) -> Iterator[None]:
    """This process has those settings while one test runs."""
    with in_this_process(installation, without=("STILLROOM_DEVELOPMENT",)):
        yield


@dataclass
class Api:
    """The application, what it would have rung, and people to act as."""

    app: FastAPI
    queue: RecordingQueue
    client: httpx.AsyncClient
    tokens: dict[str, str] = field(default_factory=dict)

    async def sign_in(self, email: str) -> dict[str, str]:
        """The headers of a signed-in person."""
        if email not in self.tokens:
            answer = await self.client.post("/api/auth/sign-in", json={"email": email, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            self.tokens[email] = answer.json()["access_token"]
        return {"Authorization": f"Bearer {self.tokens[email]}"}

    async def call(self, email: str | None, method: str, path: str, **content: Any) -> httpx.Response:
        """One request as this person, or as nobody."""
        headers = await self.sign_in(email) if email else {}
        return await self.client.request(method, path, headers=headers, **content)

    async def letters(self, recipient: str) -> list[tuple[str, str]]:
        """Subject and text of what was written to somebody, the newest first."""
        async with self.app.state.context.database.unscoped() as session:
            return [(mail.subject, text) for mail, text in await outbox(session) if mail.recipient == recipient]

    async def link(self, recipient: str) -> str:
        """The secret in the newest letter to somebody."""
        found = re.search(r"http://testserver/[\w-]+#(\S+)", (await self.letters(recipient))[0][1])
        assert found is not None
        return unquote(found.group(1))

    async def person(self, email: str, organization: str, role: str, project_role: str | None = None) -> None:
        """Adds a person with a role in an organization and perhaps in its only project."""
        owner = await self.call(f"owner@{organization}.example", "GET", "/api/me")
        key = owner.json()["organizations"][0]["id"]
        hashed = await hash_password(PASSWORD)
        async with self.app.state.context.database.everything() as session:
            user = User(id=new_key(), email=email, name=email, password_hash=hashed, theme="system", token_version=0)
            session.add(user)
            await session.flush()
            session.add(Membership(organization_id=key, user_id=user.id, role=role))
            await session.flush()
            if project_role:
                projects = await self.call(f"owner@{organization}.example", "GET", f"/api/orgs/{organization}/projects")
                session.add(
                    ProjectMembership(
                        organization_id=key,
                        project_id=projects.json()["items"][0]["id"],
                        user_id=user.id,
                        role=project_role,
                    )
                )


def organization(slug: str, marker: str) -> dict[str, Any]:
    """An organization with one project, one environment and one database, all carrying a marker."""
    return {
        "administrator": {"email": f"owner@{slug}.example", "name": f"Owner {marker}", "password": PASSWORD},
        "sample": {
            "organization": {"slug": slug, "name": f"Organization {marker}"},
            "project": {
                "slug": "shop",
                "name": f"Shop {marker}",
                "git_url": f"https://git.example/{marker}.git",
                "git_ref": "main",
                "credential": {"password": f"{CANARY}-git-{marker}"},
            },
            "environments": [
                {
                    "slug": "dev",
                    "name": f"Dev {marker}",
                    "variables": [{"name": "KEY", "value": f"{CANARY}-variable-{marker}", "secret": True}],
                    "files": [{"path": "settings.json", "content": f"{CANARY}-file-{marker}"}],
                    "databases": [
                        {
                            "name": f"db-{marker}",
                            "host": "db.example",
                            "database": "shop",
                            "username": "shop",
                            "password": f"{CANARY}-password-{marker}",
                        }
                    ],
                }
            ],
        },
    }


@pytest.fixture
async def api(api_environment: None, request: pytest.FixtureRequest) -> AsyncIterator[Api]:
    """The application with the organizations `own` and `other`, made anew for each test."""
    queue = RecordingQueue()
    app = create_app(queue=queue)
    async with app.router.lifespan_context(app):
        context = app.state.context
        async with context.database.everything() as session:
            for table in ("users", "organizations", "mails"):
                await session.execute(text(f"delete from {table}"))
        await context.redis.flushdb()
        for slug, marker in (("own", "mine"), ("other", "foreign")):
            async with context.database.everything() as session:
                await bootstrap(session, organization(slug, marker))
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as client:
            yield Api(app, queue, client)
