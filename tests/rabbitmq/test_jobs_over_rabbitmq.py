"""BROKER_URL: messages to the workers go over a real RabbitMQ; rows stay the queue, and Valkey what it was."""

from collections.abc import Iterator

import pytest
from kombu import Connection
from operations.installation import Whole, until
from redis import Redis

from rabbitmq.place import Place, ask, doctor, done, installed
from stillroom_testing.servers import PostgresServer


@pytest.fixture(scope="module")
def place(postgres_server: PostgresServer, redis_url: str) -> Iterator[Place]:
    with installed(postgres_server, redis_url) as found:
        yield found


def test_a_job_runs_by_a_message_of_rabbitmq_and_none_goes_over_valkey(place: Place) -> None:
    assert done(place.whole, ask(place.whole, "upgrade", "head"))["state"] == "succeeded"
    with Redis.from_url(place.valkey) as valkey:
        assert valkey.llen("stillroom") == 0
        assert valkey.keys("_kombu*") == []
        assert valkey.keys("stillroom:living-workers")  # what workers tell of themselves is there
    assert place.whole.http.get("/readyz").json()["queue"] == "ok"


def test_operators_see_how_many_messages_wait_in_rabbitmq(place: Place) -> None:
    whole = place.whole
    assert whole.stop("worker") == 0
    assert whole.stop("scheduler") == 0  # which would read what it does not know, and ring again
    before = _lines(whole)
    key = ask(whole, "current")
    until(lambda: _lines(whole) == before + 1, "the message is counted")
    whole.start("scheduler")
    whole.start("worker")
    assert done(whole, key)["state"] == "succeeded"


def _lines(whole: Whole) -> int:
    lines = whole.http.get("/api/installation").raise_for_status().json()["queue"]["lines"]
    number: int = {line["name"]: line["messages"] for line in lines}["stillroom"]
    return number


def test_a_message_that_nobody_of_ours_sent_ends_no_worker(place: Place) -> None:
    with Connection(place.broker.url) as connection, connection.channel() as channel:
        for body, kind in (("no message at all", "text/plain"), ("{", "application/json"), ("gASVCg==", "pickle")):
            channel.basic_publish(
                channel.prepare_message(body, content_type=kind, content_encoding="utf-8"), routing_key="stillroom"
            )
    worker = place.whole.processes["worker"]
    assert done(place.whole, ask(place.whole, "current"))["state"] == "succeeded"
    assert worker.poll() is None


def test_a_broker_that_is_away_keeps_nobody_from_asking_and_an_empty_one_is_as_good(place: Place) -> None:
    whole, broker = place.whole, place.broker
    broker.stop(forget=True)
    key = ask(whole, "downgrade", "base")
    assert whole.http.get(f"/api/jobs/{key}").json()["state"] == "queued"
    answer = whole.http.get("/readyz")
    assert (answer.status_code, answer.json()["queue"].partition(":")[0]) == (503, "messages")
    assert "broker: messages: does not answer" in whole.door("worker", "/readyz").text
    assert whole.http.get("/api/installation").json()["broker"].startswith("messages: does not answer")
    found = doctor(whole)["messages"]
    assert found["state"] == "wrong" and "BROKER_URL" in found["fix"]
    broker.start()
    assert done(whole, key)["state"] == "succeeded"
    assert doctor(whole)["messages"]["found"].startswith("RabbitMQ 3.")
    told = "".join(whole.log(part) for part in ("api", "scheduler", "worker"))
    assert place.broker.url.split(":")[2].partition("@")[0] not in told
