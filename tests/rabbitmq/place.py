"""A whole installation whose messages to the workers go over a real RabbitMQ."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from operations.conftest import MOVE, ended
from operations.installation import ROOT, Whole, until

from rabbitmq.server import RabbitMQ, program
from stillroom_testing.installations import for_jobs, new_installation
from stillroom_testing.jobs_scene import CACHE, Scene, first_data, two_tables
from stillroom_testing.servers import PostgresServer
from stillroom_testing.tls_servers import certified


@dataclass
class Place:
    """An installation whose messages go over RabbitMQ."""

    whole: Whole
    broker: RabbitMQ
    valkey: str


@contextmanager
def installed(postgres_server: PostgresServer, redis_url: str, *, encrypted: bool = False) -> Iterator[Place]:
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
        broker = RabbitMQ(folder / "broker", certified(folder / "certificates") if encrypted else None)
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


def doctor(whole: Whole, **more: str) -> dict[str, Any]:
    """What it finds, by name; with other settings where they are given."""
    argv = [sys.executable, "-m", "stillroom_worker.doctor", "--json"]
    said = subprocess.run(
        argv, cwd=ROOT, env={**whole.environment, **more}, capture_output=True, text=True, check=False
    )
    return {finding["what"]: finding for finding in json.loads(said.stdout)}
