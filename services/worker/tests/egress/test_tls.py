"""TLS to the target by sslmode: at the pinned address, under the name that was asked for."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from stillroom_worker.egress import DatabaseProxy, EgressRefused

TOKEN = "token-of-this-job"
Front = Callable[..., AbstractAsyncContextManager[int]]


async def ask(socket_dir: Path) -> Any:
    connection = await asyncpg.connect(host=str(socket_dir), user="me", password=TOKEN, database="mine")
    try:
        return await connection.fetchval("select current_user::text")
    finally:
        await connection.close()


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a name stand at the loopback address, as a resolver would."""

    def put(name: str) -> None:
        loop = asyncio.get_running_loop()
        look_up = loop.getaddrinfo
        monkeypatch.setattr(
            loop,
            "getaddrinfo",
            lambda host, *a, **k: look_up("127.0.0.1" if host == name else host, *a, **k),
        )

    return put


@pytest.mark.parametrize("sslmode", ["prefer", "require", "verify-ca", "verify-full"])
@pytest.mark.parametrize("host", ["127.0.0.1", "db.test"])
async def test_the_right_certificate_is_accepted_in_every_mode(
    server: Any, socket_dir: Path, certificates: Any, front: Front, named: Any, sslmode: str, host: str
) -> None:
    named("db.test")
    async with front(server.port, certificates.context) as port:
        target = server.target(host=host, port=port, sslmode=sslmode, ca_pem=certificates.ca_pem)
        async with DatabaseProxy(target, socket_dir, TOKEN):
            assert await ask(socket_dir) == "scram_user"


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
async def test_a_certificate_of_another_authority_is_refused_before_any_password(
    server: Any, socket_dir: Path, certificates: Any, front: Front, sslmode: str
) -> None:
    async with front(server.port, certificates.context) as port:
        target = server.target(port=port, sslmode=sslmode, ca_pem=certificates.other_ca_pem)
        async with DatabaseProxy(target, socket_dir, TOKEN) as proxy:
            with pytest.raises(asyncpg.PostgresError, match="certificate is not accepted"):
                await ask(socket_dir)
            assert [(f.code, f.sqlstate) for f in proxy.failures] == [("tls_refused", "08001")]
            assert proxy.all_backend_pids == frozenset()


async def test_a_certificate_for_another_name_is_refused_under_verify_full_only(
    server: Any, socket_dir: Path, certificates: Any, front: Front, named: Any
) -> None:
    named("other.test")
    async with front(server.port, certificates.context) as port:
        target = server.target(host="other.test", port=port, sslmode="verify-full", ca_pem=certificates.ca_pem)
        async with DatabaseProxy(target, socket_dir, TOKEN) as proxy:
            with pytest.raises(asyncpg.PostgresError, match=r"other\.test"):
                await ask(socket_dir)
            assert proxy.failures[0].code == "tls_refused"
        target = server.target(host="other.test", port=port, sslmode="verify-ca", ca_pem=certificates.ca_pem)
        async with DatabaseProxy(target, socket_dir, TOKEN):
            assert await ask(socket_dir) == "scram_user"


async def test_verification_without_a_ca_uses_the_systems_and_so_refuses_ours(
    server: Any, socket_dir: Path, certificates: Any, front: Front
) -> None:
    async with front(server.port, certificates.context) as port:
        target = server.target(port=port, sslmode="verify-ca")
        async with DatabaseProxy(target, socket_dir, TOKEN):
            with pytest.raises(asyncpg.PostgresError, match="certificate is not accepted"):
                await ask(socket_dir)


async def test_a_server_without_tls_is_refused_under_require_and_taken_under_prefer(
    server: Any, socket_dir: Path
) -> None:
    async with DatabaseProxy(server.target(sslmode="require"), socket_dir, TOKEN) as proxy:
        with pytest.raises(asyncpg.PostgresError, match="does not offer"):
            await ask(socket_dir)
        assert proxy.failures[0].code == "tls_refused"
    async with DatabaseProxy(server.target(sslmode="prefer"), socket_dir, TOKEN):
        assert await ask(socket_dir) == "scram_user"


async def test_a_password_in_clear_is_sent_over_tls(
    server: Any, socket_dir: Path, certificates: Any, front: Front
) -> None:
    async with front(server.port, certificates.context) as port:
        target = server.target("clear_user", port=port, sslmode="require")
        async with DatabaseProxy(target, socket_dir, TOKEN):
            assert await ask(socket_dir) == "clear_user"


async def test_a_cancel_request_goes_through_tls_too(
    server: Any, socket_dir: Path, certificates: Any, front: Front
) -> None:
    async with front(server.port, certificates.context) as port:
        target = server.target(port=port, sslmode="require")
        async with DatabaseProxy(target, socket_dir, TOKEN):
            connection = await asyncpg.connect(host=str(socket_dir), user="me", password=TOKEN)
            with pytest.raises(TimeoutError):
                await connection.execute("select pg_sleep(60)", timeout=0.2)
            assert await connection.fetchval("select 1") == 1
            await connection.close()


async def test_a_ca_that_is_no_certificate_is_refused_at_once(server: Any, socket_dir: Path) -> None:
    with pytest.raises(EgressRefused) as caught:
        await DatabaseProxy(server.target(sslmode="verify-ca", ca_pem="x"), socket_dir, TOKEN).__aenter__()
    assert caught.value.code == "bad_ca"
