"""Jobs per minute with 1, 2 and 4 slots, and the bare commands one and two at a time."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from bench.measures import _alembic, virtualenv
from bench.moves import project_of_many, up_and_down
from bench.stack import Stack

SLUG, REVISIONS, DATABASES = "load", 10, 8


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
    repository, labels = project_of_many(stack, SLUG, folder, REVISIONS, DATABASES)
    up_and_down(stack, SLUG, labels, [stack.url])
    return repository, labels


def rates(stack: Stack, repository: Path, labels: list[str], rounds: int) -> list[Rate]:
    """Each round moves every database up, and then every one down."""
    by_hand = [stack.new_database() for _ in range(DATABASES)]
    urls = [stack.postgres.url(name).replace("postgresql://", "postgresql+psycopg://") for name in by_hand]
    found = [_bare(repository, urls, at_once, rounds) for at_once in (1, 2)]
    for slots in (1, 2, 4):
        stack.run_worker(slots)
        up_and_down(stack, SLUG, labels, [stack.url])  # the first job of a process opens its connections
        began = time.monotonic()
        for _ in range(rounds):
            up_and_down(stack, SLUG, labels, [stack.url])
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
