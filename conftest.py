"""Fixtures of every test in the repository: one real PostgreSQL and one real Valkey per pytest process."""

from collections.abc import Iterator

import pytest

from stillroom_testing import servers


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.PostgresServer]:
    """A server on which a test may make databases: `postgres_server.new_database()`."""
    with servers.postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Valkey (or Redis) that is there for tests only."""
    with servers.redis_url() as url:
        yield url
