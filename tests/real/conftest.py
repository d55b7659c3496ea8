"""An installation for the real projects; what is fetched and built stays under .stillroom/test-real."""

import base64
import os
import secrets
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from real.distributions import CACHE, ROOT
from stillroom_core.settings import get_settings
from stillroom_testing.servers import PostgresServer


@pytest.fixture(scope="module")
def installation(postgres_server: PostgresServer, redis_url: str) -> Iterator[None]:
    """The settings of an installation in development mode with an empty, migrated database."""
    # One place for all runs: the programs in a virtualenv name it in their first lines.
    folder = CACHE / "data"
    for name in ("mirrors", "checkouts", "jobs"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    before = dict(os.environ)
    os.environ.update(
        {
            "DATABASE_URL": postgres_server.new_database("worker").url,
            "REDIS_URL": redis_url,
            "STILLROOM_SECRET_KEY": secrets.token_urlsafe(48),
            "STILLROOM_SEALING_KEYS": "test:" + base64.b64encode(secrets.token_bytes(32)).decode(),
            "STILLROOM_DATA_DIR": str(folder),
            "STILLROOM_DEVELOPMENT": "1",
            "STILLROOM_SANDBOX": os.environ.get("STILLROOM_TEST_SANDBOX", "bare"),
        }
    )
    get_settings.cache_clear()
    subprocess.run(
        [sys.executable, "-m", "alembic", "-c", "migrations/alembic.ini", "upgrade", "head"], cwd=ROOT, check=True
    )
    yield
    os.environ.clear()
    os.environ.update(before)
    get_settings.cache_clear()
