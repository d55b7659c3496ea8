"""What the primary does for a list, and how long a list takes, with and without a streaming replica."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from bench.measures import Spread
from bench.stack import Stack, until
from sqlalchemy import make_url

from stillroom_cli.embedded import start_postgres
from stillroom_cli.embedded.ports import any_free
from stillroom_testing.replicas import copy

# Its name on the page, its address, and what is asked there.
Question = tuple[str, str, dict[str, str | list[str]]]

# Of what an answer costs: statements that were sent as often as a list was asked for; others are the scheduler's.
_COST = """
select coalesce(sum(calls), 0)::float8 / %(asked)s, coalesce(sum(total_exec_time + total_plan_time), 0) / %(asked)s
from pg_stat_statements where calls >= %(asked)s and dbid = (select oid from pg_database where datname = 'postgres')
"""


@dataclass(frozen=True)
class Reading:
    """One list by one way: seconds of its answers; statements and milliseconds of the primary for each."""

    answers: Spread
    statements: float
    milliseconds: float


@dataclass(frozen=True)
class List:
    """One list, of the primary alone and with the replica."""

    name: str
    alone: Reading
    replica: Reading


@dataclass(frozen=True)
class Lists:
    """All of them, and the share that the replica answered of what it was asked: it may be behind for moments."""

    found: tuple[List, ...]
    share: float


def lists(stack: Stack, questions: list[Question], asked: int) -> Lists:
    """Asks an api that has a replica and one that has none, list by list."""
    with _replica(stack) as url:
        door = f"127.0.0.1:{any_free()}"
        api = stack.one_more_api(DATABASE_REPLICA_URL=url, STILLROOM_OPERATOR_BIND=door)
        other = httpx.Client(base_url=api, trust_env=False, timeout=60)
        other.headers["Authorization"] = stack.http.headers["Authorization"]
        found = []
        for question in questions:
            alone, replica = (_ask(stack, http, question, asked) for http in (stack.http, other))
            found.append(List(question[0], alone, replica))
        return Lists(tuple(found), _answered_by_replica(door))


def timed(http: httpx.Client, question: Question) -> float:
    """Asks once; the seconds until the answer was there whole."""
    _name, path, query = question
    began = time.perf_counter()
    http.get(path, params=query).raise_for_status()
    return time.perf_counter() - began


def _ask(stack: Stack, http: httpx.Client, question: Question, asked: int) -> Reading:
    for _ in range(5):
        timed(http, question)  # connections are opened, and the replica's pages read
    with psycopg.connect(stack.postgres.url(), autocommit=True) as connection:
        connection.execute("create extension if not exists pg_stat_statements")
        connection.execute("select pg_stat_statements_reset()")
        answers = Spread(tuple(timed(http, question) for _ in range(asked)))
        counted = connection.execute(_COST, {"asked": asked}).fetchone()
    assert counted is not None
    return Reading(answers, *counted)


def _answered_by_replica(door: str) -> float:
    """The share of the lists that the replica answered."""
    metrics = httpx.get(f"http://{door}/metrics", trust_env=False).raise_for_status().text
    counted = [line.split() for line in metrics.splitlines() if line.startswith("stillroom_lists_total")]
    by = {labels: float(number) for labels, number in counted}
    return sum(number for labels, number in by.items() if '"replica"' in labels) / sum(by.values())


def _catch_up(stack: Stack, replica: str) -> None:
    """Waits until the replica has what was written while it was made."""
    with psycopg.connect(stack.postgres.url(), autocommit=True) as primary:
        place = primary.execute("select pg_current_wal_flush_lsn()::text").fetchone()
    with psycopg.connect(replica, autocommit=True) as connection:
        query = "select pg_last_wal_replay_lsn() >= %s::pg_lsn"
        until(lambda: connection.execute(query, place).fetchone() == (True,), every=0.1)


@contextmanager
def _replica(stack: Stack) -> Iterator[str]:
    """A replica of the installation's own PostgreSQL; its address for the service's role."""
    folder = Path(tempfile.mkdtemp(prefix="stillroom-load-"))
    folder.chmod(0o711)  # as root, PostgreSQL runs as somebody who must enter
    try:
        copy(stack.postgres, folder, stack.environment["BENCH_PASSWORD"])
        counting = {"shared_preload_libraries": "pg_stat_statements"}
        server = start_postgres(folder, password=stack.environment["BENCH_PASSWORD"], settings=counting)
        try:
            _catch_up(stack, server.url())
            url = make_url(stack.environment["DATABASE_URL"]).set(host=server.host, port=server.port)
            yield url.render_as_string(hide_password=False)
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
