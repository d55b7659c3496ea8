"""BROKER_URL with amqps://: an authority of one's own, a certificate of ours, and nobody else in between."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from rabbitmq.place import Place, ask, doctor, done, installed
from stillroom_testing.servers import PostgresServer
from stillroom_testing.tls_servers import certified


@pytest.fixture(scope="module")
def place(postgres_server: PostgresServer, redis_url: str) -> Iterator[Place]:
    with installed(postgres_server, redis_url, encrypted=True) as found:
        yield found


def test_a_job_runs_by_a_message_that_went_over_tls(place: Place) -> None:
    assert place.broker.url.startswith("amqps://")
    assert done(place.whole, ask(place.whole, "upgrade", "head"))["state"] == "succeeded"
    assert place.whole.http.get("/readyz").json()["queue"] == "ok"
    assert doctor(place.whole)["messages"]["found"].startswith("RabbitMQ 3.")


def test_a_restarted_broker_is_found_again_over_tls(place: Place) -> None:
    place.broker.stop()
    key = ask(place.whole, "current")
    place.broker.start()
    assert done(place.whole, key)["state"] == "succeeded"


def test_whose_certificate_or_name_is_another_is_refused_and_the_doctor_says_so(place: Place, tmp_path: Path) -> None:
    files, others = place.broker.files, certified(tmp_path / "others")
    assert files is not None
    for address, reason in (
        (place.broker.address(others.query()), "its certificate is refused: "),
        (place.broker.address(files.query(), "localhost"), "its certificate is refused: Hostname mismatch"),
    ):
        found = doctor(place.whole, BROKER_URL=address)["messages"]
        assert (found["state"], reason in found["found"]) == ("wrong", True), found
        assert "ssl_ca_certs" in found["fix"]


def test_without_our_certificate_a_broker_that_asks_for_one_is_not_used(place: Place) -> None:
    files = place.broker.files
    assert files is not None
    found = doctor(place.whole, BROKER_URL=place.broker.address(files.query(ours=False)))["messages"]
    assert found["state"] == "wrong", found
