"""Connections of our own mean the same by an sslmode as the proxy of a job does."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from stillroom_worker.failure import JobFailed
from stillroom_worker.target import connect

Front = Callable[..., AbstractAsyncContextManager[int]]


async def ask(target: Any) -> tuple[Any, Any]:
    """Who we are, and whether the proxy in front of the server saw TLS."""
    session = await connect(target, lambda _address: True, name="test")
    try:
        encrypted = session._transport.get_extra_info("ssl_object") is not None
        return await session.fetchval("select current_user::text"), encrypted
    finally:
        session.terminate()


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let a name stand at the loopback address, as a resolver would."""

    def put(name: str) -> None:
        loop = asyncio.get_running_loop()
        look_up = loop.getaddrinfo
        monkeypatch.setattr(
            loop, "getaddrinfo", lambda host, *a, **k: look_up("127.0.0.1" if host == name else host, *a, **k)
        )

    return put


@pytest.mark.parametrize("sslmode", ["prefer", "require", "verify-ca", "verify-full"])
@pytest.mark.parametrize("host", ["127.0.0.1", "db.test"])
async def test_the_right_certificate_is_accepted_in_every_mode(
    server: Any, certificates: Any, front: Front, named: Any, sslmode: str, host: str
) -> None:
    named("db.test")
    async with front(server.port, certificates.context) as port:
        target = server.target(host=host, port=port, sslmode=sslmode, ca_pem=certificates.ca_pem)
        assert await ask(target) == ("scram_user", True)


@pytest.mark.parametrize("sslmode", ["require", "verify-ca", "verify-full"])
async def test_a_certificate_of_another_authority_is_refused(
    server: Any, certificates: Any, front: Front, sslmode: str
) -> None:
    async with front(server.port, certificates.context) as port:
        target = server.target(port=port, sslmode=sslmode, ca_pem=certificates.other_ca_pem)
        with pytest.raises(JobFailed) as caught:
            await ask(target)
    assert caught.value.code == "tls_refused"


async def test_a_certificate_for_another_name_is_refused_under_verify_full_only(
    server: Any, certificates: Any, front: Front, named: Any
) -> None:
    named("other.test")
    async with front(server.port, certificates.context) as port:
        target = server.target(host="other.test", port=port, sslmode="verify-full", ca_pem=certificates.ca_pem)
        with pytest.raises(JobFailed) as caught:
            await ask(target)
        assert caught.value.code == "tls_refused"
        target = server.target(host="other.test", port=port, sslmode="verify-ca", ca_pem=certificates.ca_pem)
        assert await ask(target) == ("scram_user", True)


async def test_verification_without_a_ca_uses_the_systems_and_so_refuses_ours(
    server: Any, certificates: Any, front: Front
) -> None:
    async with front(server.port, certificates.context) as port:
        with pytest.raises(JobFailed) as caught:
            await ask(server.target(port=port, sslmode="verify-full"))
    assert caught.value.code == "tls_refused"


async def test_a_server_without_tls_is_refused_under_require_and_taken_under_prefer(server: Any) -> None:
    with pytest.raises(JobFailed) as caught:
        await ask(server.target(sslmode="require"))
    assert (caught.value.code, "does not offer" in caught.value.detail) == ("tls_refused", True)
    assert await ask(server.target(sslmode="prefer")) == ("scram_user", False)


async def test_a_ca_that_is_no_certificate_is_refused_with_words(server: Any) -> None:
    with pytest.raises(JobFailed) as caught:
        await ask(server.target(sslmode="verify-ca", ca_pem="x"))
    assert caught.value.code == "bad_ca"
