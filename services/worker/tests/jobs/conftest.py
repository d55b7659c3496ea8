"""Fixtures of jobs: an installation with one project, run in this process by the real runner."""

import base64
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from stillroom_core.bootstrap import bootstrap
from stillroom_core.jobs.queue import RecordingQueue
from stillroom_core.settings import get_settings
from stillroom_testing.jobs_scene import CACHE, ROOT, Scene, first_data
from stillroom_testing.servers import PostgresServer
from stillroom_worker.room import Room


@pytest.fixture(scope="session")
def installation(postgres_server: PostgresServer, redis_url: str) -> Iterator[dict[str, str]]:
    """The settings of an installation in development mode with an empty, migrated database."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="stillroom-worker-") as folder:
        Path(folder).chmod(0o755)
        (Path(folder) / "virtualenvs").symlink_to(CACHE)
        given = {
            "DATABASE_URL": postgres_server.new_database("worker").url,
            "REDIS_URL": redis_url,
            "STILLROOM_SECRET_KEY": secrets.token_urlsafe(48),
            "STILLROOM_SEALING_KEYS": "test:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "STILLROOM_DATA_DIR": folder,
            "STILLROOM_DEVELOPMENT": "1",
            "STILLROOM_SANDBOX": os.environ.get("STILLROOM_TEST_SANDBOX", "bare"),
        }
        migrate = [sys.executable, "-m", "alembic", "-c", "migrations/alembic.ini", "upgrade", "head"]
        subprocess.run(migrate, cwd=ROOT, env={**os.environ, **given}, check=True)
        yield given


@pytest.fixture
def worker_environment(installation: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process has those settings while one test runs; other tests of the process have others."""
    for name, value in installation.items():
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture
async def scene(worker_environment: None, postgres_server: PostgresServer, tmp_path: Path) -> AsyncIterator[Scene]:
    """An installation with one project, one environment and one empty target database."""
    queue = RecordingQueue()
    room = await Room.open(get_settings(), queue)
    target = postgres_server.new_database("target")
    made = Scene(room, queue, tmp_path / "repository", target)
    made.repository.mkdir()
    async with room.database.transaction() as session:
        for table in ("jobs", "users", "organizations"):
            await session.execute(text(f"delete from {table}"))
        await bootstrap(session, first_data(made))
    yield made
    await room.close()
    postgres_server.drop_database(target)
