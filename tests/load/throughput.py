"""Jobs per minute with 1, 2 and 4 slots, and the bare commands one and two at a time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.measures import _alembic, virtualenv
from bench.stack import Stack, until
from bench.synthetic import make_repository

SLUG, REVISIONS, DATABASES = "load", 10, 8
FINAL = {"succeeded", "failed", "cancelled", "lost"}


@dataclass(frozen=True)
class Rate:
    """So many moves in so many seconds."""

    name: str
    moves: int
    seconds: float

    @property
    def per_minute(self) -> float:
        return self.moves / self.seconds * 60


def prepare(stack: Stack, folder: Path) -> tuple[Path, list[str]]:
    """A project of ten revisions with eight databases, once up and down, so that its virtualenv is there."""
    repository = make_repository(folder / SLUG, REVISIONS)
    names = [stack.new_database() for _ in range(DATABASES)]
    stack.add_project(SLUG, repository, names[0])
    path = f"/api/orgs/bench/projects/{SLUG}/environments/dev"
    for name in names[1:]:
        row = {"name": name, "host": stack.postgres.host, "port": stack.postgres.port, "database": name}
        row |= {"username": stack.postgres.user, "password": stack.environment["BENCH_PASSWORD"]}
        stack.post(f"{path}/databases", {**row, "sslmode": "disable"})
    labels = ["main", *names[1:]]
    for kind in ("upgrade", "downgrade"):
        _round(stack, labels, kind)
    return repository, labels


def rates(stack: Stack, repository: Path, labels: list[str], rounds: int) -> list[Rate]:
    """Each round moves every database up, and then every one down."""
    by_hand = [stack.new_database() for _ in range(DATABASES)]
    urls = [stack.postgres.url(name).replace("postgresql://", "postgresql+psycopg://") for name in by_hand]
    found = [_bare(repository, urls, at_once, rounds) for at_once in (1, 2)]
    for slots in (1, 2, 4):
        stack.run_worker(slots)
        _round(stack, labels, "upgrade")  # the first job of a process opens its connections
        _round(stack, labels, "downgrade")
        began = time.monotonic()
        for _ in range(rounds):
            for kind in ("upgrade", "downgrade"):
                _round(stack, labels, kind)
        seconds = time.monotonic() - began
        found.append(Rate(f"Stillroom, {slots} slot{'s' * (slots > 1)}", rounds * 2 * DATABASES, seconds))
    return found


def _bare(repository: Path, urls: list[str], at_once: int, rounds: int) -> Rate:
    path = virtualenv()
    began = time.monotonic()
    with ThreadPoolExecutor(at_once) as pool:
        for _ in range(rounds):
            for words in (("upgrade", "head"), ("downgrade", "base")):
                list(pool.map(lambda url, words=words: _alembic(path, repository, url, *words), urls))
    return Rate(f"`alembic`, {at_once} at a time", rounds * 2 * len(urls), time.monotonic() - began)


def _round(stack: Stack, labels: list[str], kind: str) -> None:
    revision = "head" if kind == "upgrade" else "base"
    move = {"project": SLUG, "environment": "dev", "revision": revision}
    keys = {stack.post(f"/api/migrations/{kind}", {**move, "database": label})["id"] for label in labels}

    def ended() -> bool:
        items = stack.http.get("/api/jobs", params={"project": SLUG, "org": "bench", "limit": len(labels)}).json()
        states = [item["state"] for item in items["items"] if item["id"] in keys]
        assert not {"failed", "lost", "cancelled"} & set(states), items
        return states == ["succeeded"] * len(labels)

    until(ended, every=0.1)
