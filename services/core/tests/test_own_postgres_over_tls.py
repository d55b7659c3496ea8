"""DATABASE_URL with sslmode and certificates, at a real PostgreSQL that speaks TLS."""

import os
import shutil
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError
from sqlalchemy import text

from stillroom_cli.embedded.postgres import PostgresServer
from stillroom_core.database import Database, make_engine
from stillroom_core.health import database_answers
from stillroom_core.own_tls import for_asyncpg
from stillroom_core.settings import Settings
from stillroom_testing.tls_servers import Files, certified
from stillroom_testing.versions import running, with_tls

ABLE = with_tls()
needs_tls = pytest.mark.skipif(
    ABLE is None, reason="no PostgreSQL with TLS on this machine: apt-get install postgresql"
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return certified(tmp_path_factory.mktemp("tls") / "ours")


@pytest.fixture(scope="module")
def server(files: Files) -> Iterator[PostgresServer]:
    assert ABLE is not None
    folder = Path(tempfile.mkdtemp(prefix="stillroom-tls-"))
    names = {"ssl_cert_file": files.certificate, "ssl_key_file": files.key, "ssl_ca_file": files.authority}
    for file in names.values():
        shutil.copy(file, folder / file.name)
        (folder / file.name).chmod(0o600)
        if os.geteuid() == 0:  # the server runs as nobody then
            shutil.chown(folder / file.name, "nobody")
    settings = {"ssl": "on", **{name: str(folder / file.name) for name, file in names.items()}}
    with running(ABLE, settings, folder) as found:
        yield found


async def encrypted(url: str) -> tuple[bool, str]:
    """Whether a session of ours is, and in whose name its certificate is."""
    database = Database(make_engine(url, pool_size=1))
    try:
        async with database.unscoped() as session:
            asked = "select ssl, coalesce(client_dn, '') from pg_stat_ssl where pid = pg_backend_pid()"
            row = (await session.execute(text(asked))).one()
            return bool(row[0]), str(row[1])
    finally:
        await database.close()


def query(files: Files, mode: str) -> str:
    return f"?sslmode={mode}&sslrootcert={files.authority}"


@needs_tls
@pytest.mark.parametrize("mode", ["require", "verify-ca", "verify-full"])
async def test_our_own_database_is_reached_over_tls_with_an_authority_of_our_own(
    server: PostgresServer, files: Files, mode: str
) -> None:
    assert await encrypted(server.url() + query(files, mode)) == (True, "")
    ours = f"&sslcert={files.certificate}&sslkey={files.key}"
    assert await encrypted(server.url() + query(files, mode) + ours) == (True, "/CN=ours")


@needs_tls
async def test_another_authority_and_another_name_are_refused_where_they_are_to_be_verified(
    server: PostgresServer, files: Files, tmp_path: Path
) -> None:
    others = certified(tmp_path / "others")
    for mode in ("require", "verify-ca", "verify-full"):  # libpq verifies by a file that it is given
        with pytest.raises(ssl.SSLCertVerificationError):
            await encrypted(server.url() + query(others, mode))
    assert await encrypted(server.url() + "?sslmode=require") == (True, "")
    elsewhere = server.url().replace("127.0.0.1", "localhost")
    assert await encrypted(elsewhere + query(files, "verify-ca")) == (True, "")
    database = Database(make_engine(elsewhere + query(files, "verify-full"), pool_size=1))
    try:
        assert "its certificate is refused: Hostname mismatch" in await database_answers(database)
    finally:
        await database.close()


@needs_tls
async def test_a_server_that_speaks_tls_is_reached_in_clear_where_that_is_asked(server: PostgresServer) -> None:
    assert await encrypted(server.url() + "?sslmode=disable") == (False, "")
    assert await encrypted(server.url() + "?sslmode=prefer") == (True, "")


def test_what_is_said_of_tls_is_taken_out_of_the_address_and_nothing_else() -> None:
    for url in ("postgresql:///d?host=/run", "postgresql://u:p%40@h:1/d"):
        assert for_asyncpg(url) == (url, {})
    assert for_asyncpg("postgresql:///d?host=%2Frun&sslmode=disable") == (
        "postgresql:///d?host=%2Frun",
        {"ssl": "disable"},
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("?sslmode=verify", "DATABASE_URL has an unknown sslmode: one of disable"),
        ("?sslrootcert=FILE", "sslmode=prefer may leave aside: take verify-full"),
        ("?sslmode=verify-full&sslcert=FILE", "needs sslcert and sslkey together"),
        ("?sslmode=verify-full&sslrootcert=/nowhere", "sslrootcert is no file that this process can read: '/nowhere'"),
    ],
)
def test_an_address_that_could_not_work_is_refused_and_not_shown(files: Files, text: str, reason: str) -> None:
    given = {
        "DATABASE_URL": "postgresql://u:canary@h/d" + text.replace("FILE", str(files.authority)),
        "REDIS_URL": "redis://:p@h",
        "STILLROOM_SECRET_KEY": "s" * 32,
        "STILLROOM_SEALING_KEYS": "k:" + "A" * 43 + "=",
        "STILLROOM_DATA_DIR": "/tmp",
    }
    with pytest.raises(ValidationError) as refused:
        Settings.model_validate(given)
    assert reason in str(refused.value)
    assert "canary" not in str(refused.value)
