"""Jobs per minute with one api and one worker, and with two and three of them, by turns in one run."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from bench.measures import Spread
from bench.stack import Stack, until
from bench.synthetic import make_repository

SLUG, REVISIONS, DATABASES = "several", 10, 8
# (apis, workers); each worker has one slot.
COMPARED = ((1, 1), (2, 3))


@dataclass(frozen=True)
class Several:
    """Jobs a minute of every round, by (apis, workers)."""

    rates: dict[tuple[int, int], Spread]

    @property
    def ratio(self) -> float:
        """How many times as many jobs the larger one ends."""
        one, more = (self.rates[parts].median for parts in COMPARED)
        return more / one


def several(stack: Stack, folder: Path, blocks: int = 3) -> Several:
    """Moves eight databases up and down with each of the two, one after the other, so many times."""
    names = [stack.new_database() for _ in range(DATABASES)]
    stack.add_project(SLUG, make_repository(folder / SLUG, REVISIONS), names[0])
    path = f"/api/orgs/bench/projects/{SLUG}/environments/dev"
    for name in names[1:]:
        row = {"name": name, "host": stack.postgres.host, "port": stack.postgres.port, "database": name}
        row |= {"username": stack.postgres.user, "password": stack.environment["BENCH_PASSWORD"]}
        stack.post(f"{path}/databases", {**row, "sslmode": "disable"})
    labels = ["main", *names[1:]]
    urls = [stack.url, stack.one_more_api()]
    samples: dict[tuple[int, int], list[float]] = {parts: [] for parts in COMPARED}
    for _ in range(blocks):
        for apis, workers in COMPARED:
            stack.run_worker(1, workers)
            _moves(stack, urls[:apis], labels)  # the first job of a process opens its connections
            began = time.monotonic()
            jobs = _moves(stack, urls[:apis], labels)
            samples[apis, workers].append(jobs * 60 / (time.monotonic() - began))
    stack.run_worker(2)
    return Several({parts: Spread(tuple(found)) for parts, found in samples.items()})


def _moves(stack: Stack, urls: list[str], labels: list[str]) -> int:
    """Every database up, and then every one down, asked by turns through the apis; gives the number of jobs."""
    for kind, revision in (("upgrade", "head"), ("downgrade", "base")):
        move = {"project": SLUG, "environment": "dev", "revision": revision}
        keys = set()
        for number, label in enumerate(labels):
            url = f"{urls[number % len(urls)]}/api/migrations/{kind}"
            keys.add(stack.post(url, {**move, "database": label})["id"])
        until(lambda keys=keys: _ended(stack, keys), every=0.1)
    return 2 * len(labels)


def _ended(stack: Stack, keys: set[str]) -> bool:
    items = stack.get("/api/jobs", project=SLUG, org="bench", limit=str(len(keys)))["items"]
    states = [item["state"] for item in items if item["id"] in keys]
    assert not {"failed", "lost", "cancelled"} & set(states), items
    return states == ["succeeded"] * len(keys)
