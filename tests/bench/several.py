"""Jobs per minute with one api and one worker, and with two and three of them, by turns in one run."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from bench.measures import Spread
from bench.moves import project_of_many, up_and_down
from bench.stack import Stack

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
    _, labels = project_of_many(stack, SLUG, folder, REVISIONS, DATABASES)
    both = [stack.url, stack.one_more_api()]
    samples: dict[tuple[int, int], list[float]] = {parts: [] for parts in COMPARED}
    for _ in range(blocks):
        for apis, workers in COMPARED:
            stack.run_worker(1, workers)
            up_and_down(stack, SLUG, labels, both[:apis])  # the first job of a process opens its connections
            began = time.monotonic()
            jobs = up_and_down(stack, SLUG, labels, both[:apis])
            samples[apis, workers].append(jobs * 60 / (time.monotonic() - began))
    stack.run_worker(2)
    return Several({parts: Spread(tuple(found)) for parts, found in samples.items()})
