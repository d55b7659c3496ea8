"""RabbitMQ for the messages and a replica for the lists, beside deploy/compose (make test-containers).

Both come from their official images: RABBITMQ_IMAGE and POSTGRES_IMAGE name others.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from containers.engine import Stack, wait_for
from containers.moves import downgrade, upgrade
from stillroom_cli.client.connection import Client

pytestmark = pytest.mark.containers

BROKER = "amqp://stillroom:messages@rabbitmq:5672//"
BESIDE = """
services:
  rabbitmq:
    image: ${RABBITMQ_IMAGE:-rabbitmq:4}
    networks: [inside]
    environment: { RABBITMQ_DEFAULT_USER: stillroom, RABBITMQ_DEFAULT_PASS: messages }
  replica:
    image: ${POSTGRES_IMAGE:-postgres:18}
    networks: [inside]
    user: root
    entrypoint: [bash, -euc]
    command:
      - |
        export PGPASSWORD=$$(cat /run/stillroom/postgres/password)
        install -d -o postgres -m 0700 /tmp/replica
        as_postgres="setpriv --reuid postgres --regid postgres --init-groups"
        $$as_postgres pg_basebackup -h postgres -U postgres -D /tmp/replica -R -X stream -c fast
        exec $$as_postgres postgres -D /tmp/replica -c listen_addresses='*'
    volumes: [secrets-postgres:/run/stillroom/postgres:ro]
"""
LET_A_REPLICA_IN = "echo 'host replication all all scram-sha-256' >> $PGDATA/pg_hba.conf"


@pytest.fixture(scope="module")
def stack(program: list[str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    beside = tmp_path_factory.mktemp("beside") / "beside.yaml"
    beside.write_text(BESIDE)
    stack = Stack(program, (str(beside),), BROKER_URL=BROKER)
    try:
        stack.up("--scale", "replica=0")
        yield stack
    finally:
        stack.down()


def test_a_job_is_rung_over_rabbitmq_and_valkey_has_no_queue(stack: Stack) -> None:
    with Client(stack.url) as client:
        client.sign_in("admin@stillroom.local", stack.password())
        assert upgrade(client, "demo/shop", "staging")["state"] == "succeeded"
    queues = stack.compose("exec", "-T", "rabbitmq", "rabbitmqctl", "-q", "list_queues", "name", "consumers")
    assert re.search(r"^stillroom\S*\s+[1-9]", queues, re.M), queues
    code = "import redis; from stillroom_core.settings import get_settings as settings; "
    code += "print(redis.Redis.from_url(settings().redis_url.get_secret_value()).keys('_kombu*'))"
    assert stack.compose("exec", "-T", "api", "python", "-c", code).strip() == "[]"


def test_a_replica_that_is_given_later_answers_the_lists(stack: Stack, tmp_path: Path) -> None:
    stack.compose("exec", "-T", "postgres", "sh", "-c", LET_A_REPLICA_IN)
    asked = ("exec", "-T", "postgres", "psql", "-h", "/var/run/postgresql", "-U", "postgres", "-Atc")
    stack.compose(*asked, "select pg_reload_conf()")
    password = quote(stack.secret_files()["STILLROOM_SERVICE_PASSWORD"], safe="")
    stack.give(STILLROOM_DATABASE_REPLICA_URL=f"postgresql://stillroom_service:{password}@replica:5432/stillroom")
    stack.up("--force-recreate", "api", "replica")
    # nginx asks for the api's new address within five seconds.
    wait_for("the api", lambda: httpx.get(f"{stack.url}/readyz").is_success or None)
    wait_for("the replica", lambda: stack.compose(*asked, "select 1 from pg_stat_replication").strip() or None)
    with Client(stack.url) as client:
        client.sign_in("admin@stillroom.local", stack.password())

        def answered() -> bool | None:
            assert client.get("/api/jobs", org="demo")["items"]
            return lists_of_the_replica(stack) or None

        wait_for("a list from the replica", answered)
        job = downgrade(client, "demo/shop", "staging")
        assert client.get("/api/jobs", org="demo")["items"][0]["id"] == job["id"]


def lists_of_the_replica(stack: Stack) -> bool:
    """Whether the api says that the replica answered a list."""
    code = "import urllib.request as r; print(r.urlopen('http://127.0.0.1:9109/metrics', timeout=8).read().decode())"
    said = stack.compose("exec", "-T", "api", "python", "-c", code)
    return bool(re.search(r'^stillroom_lists_total\{[^}]*"replica"[^}]*\} [1-9]', said, re.M))
