"""BROKER_URL: messages to the workers go over a real RabbitMQ; rows stay the queue, and Valkey what it was."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kombu import Connection
from operations.conftest import MOVE, ended
from operations.installation import ROOT, Whole, until
from redis import Redis

from rabbitmq.server import RabbitMQ, program
from stillroom_testing.installations import for_jobs, new_installation
from stillroom_testing.jobs_scene import CACHE, Scene, first_data, two_tables
from stillroom_testing.servers import PostgresServer


@dataclass
class Place:
    """An installation whose messages go over RabbitMQ."""

    whole: Whole
    broker: RabbitMQ
    valkey: str


@pytest.fixture(scope="module")
def place(postgres_server: PostgresServer, redis_url: str) -> Iterator[Place]:
    """Api, scheduler and worker, signed in to, the project fetched: the first message went over RabbitMQ already."""
    if program() is None:
        pytest.skip("rabbitmq-server is not installed (Debian: apt-get install rabbitmq-server)")
    CACHE.mkdir(parents=True, exist_ok=True)
    target = postgres_server.new_database("target")
    with tempfile.TemporaryDirectory(prefix="stillroom-rabbitmq-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        for part in ("broker", "repository"):
            (folder / part).mkdir()
        (folder / "virtualenvs").symlink_to(CACHE)
        broker = RabbitMQ(folder / "broker")
        valkey = redis_url.rpartition("/")[0] + "/9"
        given = {**for_jobs(), "STILLROOM_LEASE_S": "20", "BROKER_URL": broker.url}
        environment = new_installation(postgres_server.new_database("rabbitmq").url, valkey, folder, **given)
        whole = Whole(environment, folder)
        project = Scene(None, None, folder / "repository", target)  # type: ignore[arg-type]
        project.commit(two_tables())
        try:
            broker.start()
            whole.first_data(first_data(project.repository, target))
            for part in ("api", "scheduler", "worker"):
                whole.start(part)
            whole.sign_in()
            until(lambda: _fetched(whole), f"the project is fetched: {whole.log('worker')[-3000:]}")
            yield Place(whole, broker, valkey)
        finally:
            whole.close()
            broker.close()
            postgres_server.drop_database(target)


def _fetched(whole: Whole) -> Any:
    project = whole.http.get("/api/orgs/demo/projects/shop").json()
    assert project["fetch"]["error"] is None, project
    return project["commit"]


def ask(whole: Whole, kind: str, revision: str | None = None) -> str:
    move = {**MOVE, **({"revision": revision} if revision else {})}
    key: str = whole.http.post(f"/api/migrations/{kind}", json=move).raise_for_status().json()["id"]
    return key


def done(whole: Whole, key: str) -> Any:
    return until(lambda: ended(whole, key), f"the job ends: {whole.log('worker')[-3000:]}")


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


def doctor(whole: Whole) -> dict[str, Any]:
    """What it finds, by name."""
    argv = [sys.executable, "-m", "stillroom_worker.doctor", "--json"]
    said = subprocess.run(argv, cwd=ROOT, env=whole.environment, capture_output=True, text=True, check=False)
    return {finding["what"]: finding for finding in json.loads(said.stdout)}
