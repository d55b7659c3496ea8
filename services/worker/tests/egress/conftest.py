"""A real PostgreSQL that knows four ways to sign in, and a TLS front for it with certificates of our own."""

import asyncio
import shutil
import ssl
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from stillroom_cli.embedded import THROWAWAY, start_postgres
from stillroom_testing.certificates import Authority
from stillroom_worker.egress import Target

ADMIN_PASSWORD = "admin-of-tests"
PASSWORD = "pâsswörd Ⅸ \N{NO-BREAK SPACE}x'"
USERS = ("scram_user", "md5_user", "clear_user", "trust_user")
HBA = """
host all postgres 127.0.0.1/32 scram-sha-256
host all trust_user 127.0.0.1/32 trust
host all clear_user 127.0.0.1/32 password
host all md5_user 127.0.0.1/32 md5
host all scram_user 127.0.0.1/32 scram-sha-256
host all second 127.0.0.1/32 scram-sha-256
"""


@dataclass(frozen=True)
class Server:
    port: int

    def target(self, user: str = "scram_user", **changes: object) -> Target:
        fields = {
            "host": "127.0.0.1",
            "port": self.port,
            "database": "app",
            "user": user,
            "password": PASSWORD,
            "sslmode": "disable",
        }
        return Target(**{**fields, **changes})  # type: ignore[arg-type]

    def admin(self) -> psycopg.Connection:
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="postgres", password=ADMIN_PASSWORD, autocommit=True
        )


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="stillroom-egress-"))
    folder.chmod(0o711)
    running = start_postgres(folder, password=ADMIN_PASSWORD, settings=THROWAWAY)
    try:
        (folder / "data" / "pg_hba.conf").write_text(HBA)
        with psycopg.connect(running.url(), autocommit=True) as admin:
            for user in USERS:
                method = "md5" if user == "md5_user" else "scram-sha-256"
                admin.execute(f"SET password_encryption = '{method}'")
                admin.execute(
                    psycopg.sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(
                        psycopg.sql.Identifier(user), psycopg.sql.Literal(PASSWORD)
                    )
                )
            admin.execute("CREATE DATABASE app")
            admin.execute("CREATE DATABASE forbidden")
            admin.execute("SELECT pg_reload_conf()")
        yield Server(running.port)
    finally:
        running.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def socket_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="sr-"))  # short: a socket's name has 107 bytes
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class Certificates:
    ca_pem: str
    other_ca_pem: str
    context: ssl.SSLContext  # a server certificate for db.test and 127.0.0.1


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority()
    certificate, key = authority.issue("db.test")
    (folder / "server.pem").write_text(certificate)
    (folder / "server.key").write_text(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "server.pem", folder / "server.key")
    return Certificates(authority.pem, Authority("Other CA").pem, context)


@asynccontextmanager
async def tls_front(port: int, context: ssl.SSLContext | None) -> AsyncIterator[int]:
    """Stands before a server without TLS and adds it; with None it answers that there is none."""
    tasks: set[asyncio.Task[None]] = set()

    async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
        sink.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(8)
        writer.write(b"S" if context else b"N")
        if context:
            await writer.start_tls(context)
        server_reader, server_writer = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(copy(reader, server_writer), copy(server_reader, writer), return_exceptions=True)

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(serve(reader, writer))
        tasks.add(task)

    listener = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield listener.sockets[0].getsockname()[1]
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
def front() -> object:
    return tls_front
