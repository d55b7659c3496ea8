"""Fixtures of jobs: an installation with one project, run in this process by the real runner."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from stillroom_testing.installations import for_jobs, in_this_process, new_installation
from stillroom_testing.jobs_scene import CACHE, Scene, first_data, open_scene
from stillroom_testing.servers import PostgresServer


@pytest.fixture(scope="session")
def installation(postgres_server: PostgresServer, redis_url: str) -> Iterator[dict[str, str]]:
    """The settings of an installation in development mode with an empty, migrated database."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stillroom-worker-") as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "virtualenvs").symlink_to(CACHE)
        yield new_installation(postgres_server.new_database("worker").url, redis_url, Path(folder), **for_jobs())


@pytest.fixture
def worker_environment(installation: dict[str, str]) -> Iterator[None]:
    """This process has those settings while one test runs."""
    with in_this_process(installation):
        yield


@pytest.fixture
async def scene(worker_environment: None, target_server: PostgresServer, tmp_path: Path) -> AsyncIterator[Scene]:
    """An installation with one project, one environment and one empty target database."""
    target = target_server.new_database("target")
    made = await open_scene(Scene, tmp_path / "repository", target, first_data(tmp_path / "repository", target))
    made.repository.mkdir()
    yield made
    await made.room.close()
    target_server.drop_database(target)
