"""Real PostgreSQL and Valkey for tests: a given address, else containers, else the embedded wheels."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import psycopg
from psycopg import sql

from stillroom_cli.embedded import THROWAWAY, start_postgres, start_valkey

POSTGRES_IMAGE = os.environ.get("STILLROOM_TEST_POSTGRES_IMAGE", "postgres:18")
VALKEY_IMAGE = os.environ.get("STILLROOM_TEST_VALKEY_IMAGE", "valkey/valkey:9")


_KNOWS_STRATEGIES = 150000


@dataclass(frozen=True)
class DatabaseAddress:
    """One database and who may enter it. `url` is postgresql://, for any driver."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    database: str

    @property
    def url(self) -> str:
        return self.url_for("postgresql")

    def url_for(self, driver: str) -> str:
        """The same address under a SQLAlchemy driver name, for example "postgresql+asyncpg"."""
        secret = f":{quote(self.password, safe='')}" if self.password else ""
        return f"{driver}://{quote(self.user, safe='')}{secret}@{self.host}:{self.port}/{self.database}"


@dataclass(frozen=True)
class PostgresServer:
    """A server on which tests may make databases."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    maintenance: str = "postgres"

    def admin_url(self, driver: str = "postgresql+asyncpg") -> str:
        """The administrator's address."""
        return self._address(self.maintenance).url_for(driver)

    def new_database(self, name_prefix: str = "t") -> DatabaseAddress:
        """Makes an empty database with a name that nobody has, owned by the administrator."""
        name = f"{name_prefix}_{secrets.token_hex(6)}"
        with psycopg.connect(self.admin_url("postgresql"), autocommit=True) as connection:
            # template0 has no visitors, so parallel tests cannot disturb each other's CREATE DATABASE.
            how = "CREATE DATABASE {} TEMPLATE template0"
            if connection.info.server_version >= _KNOWS_STRATEGIES:
                how += " STRATEGY wal_log"
            connection.execute(sql.SQL(how).format(sql.Identifier(name)))
        return self._address(name)

    def drop_database(self, address: DatabaseAddress) -> None:
        """Drops it, with whoever is still connected."""
        with psycopg.connect(self.admin_url("postgresql"), autocommit=True) as connection:
            connection.execute(
                sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(address.database))
            )

    def _address(self, database: str) -> DatabaseAddress:
        return DatabaseAddress(self.host, self.port, self.user, self.password, database)


@contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """The first that can be had: DATABASE_URL, a container, the wheel."""
    given = os.environ.get("DATABASE_URL")
    if given:
        parts = urlsplit(given)
        yield PostgresServer(
            parts.hostname or "127.0.0.1",
            parts.port or 5432,
            unquote(parts.username or "postgres"),
            unquote(parts.password or ""),
            parts.path.lstrip("/") or "postgres",
        )
        return
    container = _postgres_container()
    if container is not None:
        try:
            yield PostgresServer(
                _address_of(container, 5432),
                int(container.get_exposed_port(5432)),
                container.username,
                container.password,
            )
        finally:
            container.stop()
        return
    password = secrets.token_hex(8)
    with _room() as folder:
        server = start_postgres(folder, password=password, settings=THROWAWAY)
        try:
            yield PostgresServer(server.host, server.port, server.user, password)
        finally:
            server.stop()


@contextmanager
def redis_url() -> Iterator[str]:
    """The first that can be had: REDIS_URL, a container, the wheel."""
    given = os.environ.get("REDIS_URL")
    if given and urlsplit(given).password:  # without one, the service refuses to start
        yield given
        return
    container = _valkey_container()
    if container is not None:
        try:
            address = f"{_address_of(container, 6379)}:{container.get_exposed_port(6379)}"
            yield f"redis://:{container.password}@{address}/0"
        finally:
            container.stop()
        return
    with _room() as folder:
        server = start_valkey(folder, password=secrets.token_hex(8), durable=False)
        try:
            yield server.url()
        finally:
            server.stop()


@contextmanager
def _room() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="stillroom-test-"))
    folder.chmod(0o711)  # where tests run as root, PostgreSQL runs as somebody who must enter
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_container() -> Any | None:
    def make() -> Any:
        from testcontainers.community.postgres import PostgresContainer

        return PostgresContainer(POSTGRES_IMAGE, password=secrets.token_hex(8), driver=None).with_command(
            "postgres -c fsync=off -c max_connections=200"
        )

    return _container(POSTGRES_IMAGE, make)


def _valkey_container() -> Any | None:
    def make() -> Any:
        from testcontainers.community.redis import RedisContainer

        password = secrets.token_hex(8)
        made = RedisContainer(VALKEY_IMAGE, password=password)
        return made.with_command(f"valkey-server --requirepass {password}")

    return _container(VALKEY_IMAGE, make)


def _container(image: str, make: Callable[[], Any]) -> Any | None:
    """A started container, or None where no engine answers or the image cannot be had."""
    if os.environ.get("STILLROOM_TEST_SERVERS") == "embedded" or not _engine_has(image):
        return None
    os.environ.setdefault("TESTCONTAINERS_RYUK_DISABLED", "true")  # one image less to pull; we stop it
    return make().start()


def _engine_has(image: str) -> bool:
    if not os.environ.get("DOCKER_HOST") and not Path("/var/run/docker.sock").exists():
        return False  # the usual case, answered without importing anything
    import docker
    import docker.errors

    try:
        client = docker.from_env(timeout=60)
        try:
            client.images.get(image)
        except docker.errors.ImageNotFound:
            client.images.pull(image)
    except (docker.errors.DockerException, OSError):
        return False
    return True


def _address_of(container: Any, port: int) -> str:
    """This machine's loopback where the published port answers there, else what the engine calls its host.

    Jobs of the tests may reach the loopback and no other private address, as in development.
    """
    try:
        socket.create_connection(("127.0.0.1", int(container.get_exposed_port(port))), timeout=2).close()
    except OSError:
        host: str = container.get_container_host_ip()
        return host
    return "127.0.0.1"
