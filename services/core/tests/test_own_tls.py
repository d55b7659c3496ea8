"""rediss:// and amqps://: certificate and name of our own servers are verified by every client that we use."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from redis.exceptions import RedisError

from stillroom_core.health import broker_answers
from stillroom_core.jobs.broker import Away
from stillroom_core.jobs.queue import make_celery
from stillroom_core.own_tls import check, told
from stillroom_core.settings import Settings
from stillroom_core.silence import open_broker
from stillroom_testing.tls_servers import Files, before, certified, over_tls


@dataclass
class Door:
    """TLS before the Valkey at `url`; `files` are believed there, `others` are of another authority."""

    url: str
    port: int
    files: Files
    others: Files

    def address(self, query: str, host: str = "127.0.0.1") -> str:
        return over_tls(self.url, self.port, query, host=host)


@pytest.fixture(scope="module")
def door(redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("tls")
    files, others = certified(folder / "ours"), certified(folder / "others")
    port = urlsplit(redis_url).port
    assert port is not None
    with before(port, files) as encrypted:
        yield Door(redis_url, encrypted, files, others)


def settings(url: str) -> Settings:
    given = {
        "DATABASE_URL": "postgresql://u:p@h/d",
        "REDIS_URL": url,
        "STILLROOM_SECRET_KEY": "s" * 32,
        "STILLROOM_SEALING_KEYS": "k:" + "A" * 43 + "=",
        "STILLROOM_DATA_DIR": "/tmp",
    }
    return Settings.model_validate(given)


def answer(url: str) -> str:
    """What /readyz says of this Valkey."""

    async def ask() -> str:
        redis = open_broker(url)
        try:
            return await broker_answers(redis, settings(url))
        finally:
            await redis.aclose()

    return asyncio.run(ask())


def celery_connects(url: str) -> None:
    with make_celery(settings(url)).connection_for_write() as connection:
        connection.connect()
        connection.default_channel.client.ping()


def test_valkey_is_reached_over_tls_with_an_authority_and_a_certificate_of_our_own(door: Door) -> None:
    url = door.address(door.files.query())
    assert answer(url) == "ok"
    celery_connects(url)


@pytest.mark.parametrize(
    ("which", "host", "reason"),
    [
        ("nobody's", "127.0.0.1", "its certificate is refused: "),
        ("others", "127.0.0.1", "its certificate is refused: "),
        ("files", "localhost", "its certificate is refused: Hostname mismatch"),
    ],
    ids=["of no known authority", "of another authority", "of another name"],
)
def test_a_certificate_that_is_not_the_servers_is_refused_by_every_client(
    door: Door, which: str, host: str, reason: str
) -> None:
    query = {"nobody's": "", "others": door.others.query(), "files": door.files.query()}[which]
    url = door.address(query, host)
    assert reason in answer(url)
    with pytest.raises((RedisError, *Away)) as refused:
        celery_connects(url)
    assert reason in told(refused.value)


def test_a_server_that_asks_for_our_certificate_is_not_reached_without(door: Door) -> None:
    assert answer(door.address(door.files.query(ours=False))).startswith("does not answer (")


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("redis://:p@h/0?ssl_ca_certs=FILE", "REDIS_URL names certificates without TLS"),
        ("rediss://:p@h/0?ssl_cert_reqs=none", "REDIS_URL has ssl_cert_reqs: only ssl_ca_certs"),
        ("rediss://:p@h/0?ssl_check_hostname=false", "always verified"),
        ("rediss://:p@h/0?ssl_certfile=FILE", "ssl_certfile and ssl_keyfile together"),
        ("rediss://:p@h/0?ssl_ca_certs=/nowhere/ca.crt", "no file that this process can read: '/nowhere/ca.crt'"),
        ("rediss://:p@h/0?ssl_ca_certs=", "no file that this process can read"),
    ],
)
def test_an_address_that_verifies_less_or_names_no_file_is_refused_and_not_shown(
    url: str, reason: str, tmp_path: Path
) -> None:
    (tmp_path / "ca.crt").write_text("")
    url = url.replace("FILE", str(tmp_path / "ca.crt")).replace(":p@", ":canary@")
    with pytest.raises(ValueError, match="REDIS_URL") as refused:
        settings(url)
    assert reason in str(refused.value)
    assert "canary" not in str(refused.value)


def test_rabbitmqs_address_is_held_to_the_same() -> None:
    with pytest.raises(ValueError, match="BROKER_URL has ssl_cert_reqs"):
        check("BROKER_URL", "amqps://u:p@h/v?ssl_cert_reqs=none")


def test_why_a_server_does_not_answer_never_holds_a_drivers_words() -> None:
    assert told(ConnectionError("redis://:secret@h")) == "ConnectionError"
