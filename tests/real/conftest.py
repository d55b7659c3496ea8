"""An installation for the real projects; what is fetched and built stays under .stillroom/test-real."""

import shutil
from collections.abc import Iterator

import pytest

from real.distributions import CACHE
from stillroom_testing.installations import for_jobs, in_this_process, new_installation
from stillroom_testing.servers import PostgresServer


@pytest.fixture(scope="module")
def installation(postgres_server: PostgresServer, redis_url: str) -> Iterator[None]:
    """The settings of an installation in development mode with an empty, migrated database."""
    # One place for all runs: the programs in a virtualenv name it in their first lines.
    folder = CACHE / "data"
    for name in ("mirrors", "checkouts", "jobs"):
        shutil.rmtree(folder / name, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True)
    with in_this_process(new_installation(postgres_server.new_database("worker").url, redis_url, folder, **for_jobs())):
        yield
