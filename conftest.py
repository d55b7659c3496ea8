"""Fixtures of every test in the repository: one real PostgreSQL and one real Valkey per pytest process."""

import os
from collections.abc import Iterator

import pytest

from stillroom_testing import replicas, servers, versions


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[servers.PostgresServer]:
    """A server on which a test may make databases: `postgres_server.new_database()`."""
    with servers.postgres_server() as server:
        yield server


@pytest.fixture(scope="session")
def target_server(postgres_server: servers.PostgresServer) -> Iterator[servers.PostgresServer]:
    """Where databases stand that are migrated and looked into; `make test-versions` puts each version there in turn."""
    version = os.environ.get("STILLROOM_TEST_TARGET")
    if not version:
        yield postgres_server
        return
    with versions.running(versions.found()[int(version)]) as server:
        yield servers.PostgresServer(server.host, server.port, server.user, server.password)


@pytest.fixture(scope="session")
def replicated() -> Iterator[replicas.Replicated]:
    """A PostgreSQL with one streaming replica. A test that pauses its replay resumes it."""
    with replicas.replicated() as servers_of_it:
        yield servers_of_it


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """The address of a Valkey (or Redis) that is there for tests only."""
    with servers.redis_url() as url:
        yield url
