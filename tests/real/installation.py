"""The service around one chain: a project, an environment and an empty database, on a metadata database of ours."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import select

from real.chains import Chain, Pairs
from stillroom_core.environments.models import Environment
from stillroom_core.environments.service import run_settings
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit, Project
from stillroom_core.revisions.graph import Graph, same_shape
from stillroom_testing.jobs_scene import Finished, Scene, open_scene
from stillroom_testing.servers import DatabaseAddress, PostgresServer
from stillroom_worker import code as codes
from stillroom_worker.ask_alembic import ask_alembic
from stillroom_worker.virtualenv import Virtualenv


@dataclass
class Reading:
    """What the first fetch found, and what Alembic itself says of the same commit."""

    commit: Commit
    ours: Graph
    alembics: Graph | None

    @property
    def agree(self) -> bool:
        return self.alembics is None or same_shape(self.ours, self.alembics)


class Service(Scene):
    """One chain in the service; runs its jobs in this process."""

    async def read_commit(self, chain: Chain) -> Reading:
        """Fetches, and compares what was read from the files with Alembic's own answer from the sandbox."""
        project = await self.fetch()
        assert project.fetch_state == "idle", json.dumps(project.fetch_error)
        async with self.room.database.everything() as session:
            commit = await session.get_one(Commit, project.commit_id)
            environment = (await session.scalars(select(Environment))).one()
        if not chain.can_be_asked:
            return Reading(commit, graph_of(commit), None)
        code = await codes.export(self.room, project, commit.sha)
        answer = await ask_alembic(self.room, project, environment, run_settings(environment), code)
        return Reading(commit, graph_of(commit), answer)

    async def virtualenv(self) -> tuple[Virtualenv, codes.Code]:
        """The chain's virtualenv, built or from the cache, and its checkout."""

        async def show(line: str) -> None:
            print(line)

        async with self.room.database.everything() as session:
            project = (await session.scalars(select(Project))).one()
            commit = await session.get_one(Commit, project.commit_id)
        code = await codes.export(self.room, project, commit.sha)
        return await codes.virtualenv(self.room, project, code, show), code

    async def timed(self, kind: str, target: str | None = None) -> tuple[Finished, float]:
        """Runs a job; the seconds are from its request to its end."""
        began = time.monotonic()
        done = await self.run(kind, target)
        return done, time.monotonic() - began


@asynccontextmanager
async def service_for(chain: Chain, repository: Path, server: PostgresServer) -> AsyncIterator[Service]:
    """An installation that holds nothing but this chain."""
    target = server.new_database("real")
    made = await open_scene(Service, repository, target, _content(chain, repository, target))
    try:
        yield made
    finally:
        await made.room.close()
        server.drop_database(target)


def _content(chain: Chain, repository: Path, target: DatabaseAddress) -> dict[str, Any]:
    return {
        "administrator": {"email": "ann@example.com", "name": "Ann", "password": "correct horse battery"},
        "sample": {
            "organization": {"slug": "demo", "name": "Demo"},
            "project": {
                "slug": "real",
                "name": chain.name,
                "git_url": str(repository),
                "git_ref": "main",
                "subdirectory": chain.subdirectory,
                "config_file": chain.config_file,
                "command": list(chain.command) if chain.command else None,
                "install_project": False,
            },
            "environments": [_environment(chain, target)],
        },
    }


def _environment(chain: Chain, target: DatabaseAddress) -> dict[str, Any]:
    def options(pairs: Pairs) -> list[dict[str, str]]:
        return [{"name": name, "value": value} for name, value in pairs]

    return {
        "slug": "dev",
        "name": "Dev",
        "variables": options(chain.variables),
        "files": [{"path": path, "content": content} for path, content in chain.files],
        "x_arguments": list(chain.x),
        "ini_overrides": options(chain.ini),
        "attributes": options(chain.attributes),
        "bootstrap_command": list(chain.bootstrap) if chain.bootstrap else None,
        "databases": [
            {
                "name": "main",
                "host": target.host,
                "port": target.port,
                "database": target.database,
                "username": target.user,
                "password": target.password,
                "sslmode": "disable",
            }
        ],
    }
