"""Signing in with a client certificate: at a real server that demands one, by ourselves and by a job's proxy."""

import os
import shutil
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from stillroom_cli.embedded import PostgresServer
from stillroom_testing.certificates import Authority
from stillroom_testing.versions import running, with_tls
from stillroom_testing.ways_in import TOKEN, SignIn, both_ways_in
from stillroom_worker.egress import DatabaseProxy, EgressRefused, Target
from stillroom_worker.failure import JobFailed

PASSWORD = "of-scram-user"
ABLE = with_tls()
HBA = """
hostssl all cert_user 127.0.0.1/32 cert
hostssl all scram_user 127.0.0.1/32 scram-sha-256 clientcert=verify-full
host all postgres 127.0.0.1/32 scram-sha-256
"""
Front = Callable[..., AbstractAsyncContextManager[int]]
needs_tls = pytest.mark.skipif(
    ABLE is None, reason="no PostgreSQL with TLS on this machine: apt-get install postgresql"
)


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def demanding(authority: Authority) -> Iterator[PostgresServer]:
    """A server that lets nobody in without a certificate of the authority, in the user's name."""
    assert ABLE is not None
    folder = Path(tempfile.mkdtemp(prefix="stillroom-tls-"))
    certificate, key = authority.issue("db.test")
    for name, text in (("server.pem", certificate), ("server.key", key), ("ca.pem", authority.pem)):
        (folder / name).write_text(text)
        (folder / name).chmod(0o600)
        if os.geteuid() == 0:  # the server runs as nobody then
            shutil.chown(folder / name, "nobody")
    files = {"ssl_cert_file": "server.pem", "ssl_key_file": "server.key", "ssl_ca_file": "ca.pem"}
    settings = {"ssl": "on", **{name: str(folder / file) for name, file in files.items()}}
    with running(ABLE, settings, folder) as server:
        with psycopg.connect(server.url(), autocommit=True) as admin:
            admin.execute("create role cert_user login")
            admin.execute(f"create role scram_user login password '{PASSWORD}'")
            (folder / "data" / "pg_hba.conf").write_text(HBA)
            admin.execute("select pg_reload_conf()")
        yield server


def target(server: PostgresServer, user: str, pair: tuple[str, str] | None, **changes: Any) -> Target:
    certificate, key = pair or (None, "")
    given = {"client_pem": certificate, "client_key": key, "sslmode": "verify-full", **changes}
    password = PASSWORD if user == "scram_user" else ""
    place = {"host": "127.0.0.1", "port": server.port, "database": "postgres"}
    return Target(user=user, password=password, **place, **given)  # type: ignore[arg-type]


@needs_tls
@both_ways_in
@pytest.mark.parametrize("user", ["cert_user", "scram_user"])
@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
async def test_the_certificate_of_the_user_lets_in(
    demanding: PostgresServer, authority: Authority, socket_dir: Path, sign_in: SignIn, user: str, sslmode: str
) -> None:
    wanted = target(demanding, user, authority.issue(user), ca_pem=authority.pem, sslmode=sslmode)
    assert await sign_in(wanted, socket_dir) == user


@needs_tls
@both_ways_in
@pytest.mark.parametrize("user", ["cert_user", "scram_user"])
async def test_without_a_certificate_the_server_refuses_and_the_words_name_it(
    demanding: PostgresServer, authority: Authority, socket_dir: Path, sign_in: SignIn, user: str
) -> None:
    with pytest.raises(JobFailed) as caught:
        await sign_in(target(demanding, user, None, ca_pem=authority.pem), socket_dir)
    assert caught.value.code == "auth_failed"
    assert "client certificate" in caught.value.fix


@needs_tls
@both_ways_in
@pytest.mark.parametrize("user", ["cert_user", "scram_user"])
async def test_the_certificate_of_somebody_else_is_refused(
    demanding: PostgresServer, authority: Authority, socket_dir: Path, sign_in: SignIn, user: str
) -> None:
    with pytest.raises(JobFailed) as caught:
        await sign_in(target(demanding, user, authority.issue("other"), ca_pem=authority.pem), socket_dir)
    assert caught.value.code == "auth_failed"
    # Where a password is asked for too, the server does not say which of the two was wrong.
    assert ("client certificate" in caught.value.fix) == (user == "cert_user")


@needs_tls
@both_ways_in
async def test_a_certificate_of_an_authority_that_the_server_does_not_know_is_refused(
    demanding: PostgresServer, authority: Authority, socket_dir: Path, sign_in: SignIn
) -> None:
    pair = Authority("Other CA").issue("cert_user")
    with pytest.raises(JobFailed) as caught:
        await sign_in(target(demanding, "cert_user", pair, ca_pem=authority.pem), socket_dir)
    assert caught.value.code == "tls_refused"
    assert "certificates" in caught.value.fix


@both_ways_in
async def test_where_no_server_speaks_tls_a_front_that_demands_a_certificate_gets_it(
    server: Any, certificates: Any, front: Front, socket_dir: Path, tmp_path: Path, sign_in: SignIn
) -> None:
    authority = Authority("Of clients")
    demanding = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate, key = Authority().issue("db.test")
    (tmp_path / "pair.pem").write_text(key + certificate)
    demanding.load_cert_chain(tmp_path / "pair.pem")
    demanding.verify_mode = ssl.CERT_REQUIRED
    demanding.load_verify_locations(cadata=authority.pem)
    certificate, key = authority.issue("scram_user")
    async with front(server.port, demanding) as port:
        with_it = server.target(port=port, sslmode="require", client_pem=certificate, client_key=key)
        assert await sign_in(with_it, socket_dir) == "scram_user"
        with pytest.raises(JobFailed):
            await sign_in(server.target(port=port, sslmode="require"), socket_dir)


async def test_a_pair_that_does_not_load_is_refused_at_once_and_shows_nothing_of_the_key(
    server: Any, socket_dir: Path
) -> None:
    authority = Authority()
    certificate, _ = authority.issue("one")
    _, key = authority.issue("two")
    wanted = server.target(sslmode="require", client_pem=certificate, client_key=key)
    with pytest.raises(EgressRefused) as caught:
        await DatabaseProxy(wanted, socket_dir, TOKEN).__aenter__()
    assert caught.value.code == "bad_client_certificate"
    assert key.splitlines()[1] not in repr(caught.value) + repr(wanted)
