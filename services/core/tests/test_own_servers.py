"""Our own servers are known wherever they stand, however somebody spells them."""

import socket
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

import pytest
from pydantic import SecretStr

from stillroom_core.databases.own_servers import OwnServers, is_own
from stillroom_core.settings import Settings

NAMES = {
    "postgres": ["10.0.0.5", "fd00::5"],
    "valkey": ["10.0.0.6"],
    "rabbitmq": ["10.0.0.7"],
    "db.customer.test": ["10.0.0.5"],
    "fine.customer.test": ["10.0.0.9"],
    "localhost": ["127.0.0.1", "::1"],
}


@pytest.fixture(autouse=True)
def names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Names of the test's own; addresses answer for themselves."""

    def answer(host: str, port: Any, *_: Any, **__: Any) -> list[Any]:
        texts = NAMES.get(host)
        if texts is None:
            try:
                texts = [str(ip_address(host))]
            except ValueError:
                raise socket.gaierror(socket.EAI_NONAME, "unknown") from None
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (text, 0)) for text in texts]

    monkeypatch.setattr(socket, "getaddrinfo", answer)


@pytest.fixture
def settings() -> Callable[..., Settings]:
    def make(url: str = "postgresql://u:p@postgres/stillroom", *, development: bool = False) -> Settings:
        return Settings.model_construct(
            database_url=Settings.model_fields["database_url"].annotation(url),
            owner_database_url=None,
            redis_url=Settings.model_fields["redis_url"].annotation("redis://:p@valkey:6379/0"),
            broker_url=SecretStr("amqp://u:p@rabbitmq/ours"),
            development=development,
        )

    return make


@pytest.mark.parametrize(
    "host", ["postgres", "POSTGRES.", "10.0.0.5", "fd00::5", "::ffff:10.0.0.5", "64:ff9b::a00:5", "db.customer.test"]
)
async def test_our_postgresql_is_refused_in_every_spelling(settings: Any, host: str) -> None:
    assert await is_own(settings(), host, 5432, "anything")
    assert not await is_own(settings(), host, 5433, "anything")


async def test_valkey_is_refused_at_its_port_also_in_development(settings: Any) -> None:
    for development in (False, True):
        assert await is_own(settings(development=development), "valkey", 6379, "0")
        assert not await is_own(settings(development=development), "valkey", 5432, "0")


async def test_the_replica_of_our_postgresql_is_refused_as_it_is(settings: Any) -> None:
    ours = settings().model_copy(update={"database_replica_url": SecretStr("postgresql://u:p@10.0.0.9:5433/stillroom")})
    assert await is_own(ours, "10.0.0.9", 5433, "anything")
    assert not await is_own(settings(), "10.0.0.9", 5433, "anything")


async def test_the_broker_of_messages_is_refused_at_its_port(settings: Any) -> None:
    assert await is_own(settings(), "10.0.0.7", 5672, "0")
    assert not await is_own(settings(), "10.0.0.7", 5432, "0")


async def test_in_development_another_database_of_the_same_server_may_be_migrated(settings: Any) -> None:
    ours = settings(development=True)
    assert await is_own(ours, "db.customer.test", 5432, "stillroom")
    assert not await is_own(ours, "db.customer.test", 5432, "sample")


@pytest.mark.parametrize(
    "url",
    [
        "postgresql:///stillroom?host=/var/run/postgresql",
        "postgresql://u:p@/stillroom?host=localhost&port=5432",
        "postgresql://u:p@elsewhere.test/stillroom?hostaddr=127.0.0.1",
        "postgresql://u:p@/stillroom?host=other.test,127.0.0.1",
        "postgresql://u:p@[::1]/stillroom",
    ],
)
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.9.9.9", "0.0.0.0", "::ffff:127.0.0.1"])
async def test_a_server_on_this_machine_is_found_whatever_our_own_address_says(
    settings: Any, url: str, host: str
) -> None:
    assert await is_own(settings(url), host, 5432, "anything")


async def test_everybody_elses_databases_are_theirs(settings: Any) -> None:
    assert not await is_own(settings(), "fine.customer.test", 5432, "stillroom")
    assert not await is_own(settings(), "unknown.customer.test", 5432, "stillroom")
    servers = await OwnServers.of(settings())
    assert not servers.hold_address(ip_address("10.0.0.9"), 5432, "stillroom")
    assert servers.hold_address(ip_address("10.0.0.5"), 5432, "stillroom")
