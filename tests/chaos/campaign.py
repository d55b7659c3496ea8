"""One injection after another: jobs begin, at a random moment something breaks, it is healed, and all is compared."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from chaos.faults import FAULTS
from chaos.installation import ORGANIZATION, Installation, until
from chaos.project import commit, keys
from chaos.verdict import judge, still_silent
from chaos.watcher import Watcher

# A job of this project, from its request to its end, takes about two seconds.
_MOMENTS = (0.0, 2.2)


@dataclass
class Row:
    """What one fault did, over all its injections."""

    times: int = 0
    jobs: int = 0
    endings: Counter[str] = field(default_factory=Counter)
    lost_events: int = 0
    double_runs: int = 0
    stuck: int = 0
    wrong_states: int = 0
    slowest_s: float = 0.0
    words: list[str] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not (self.lost_events or self.double_runs or self.stuck or self.wrong_states)


def prepare(installation: Installation) -> None:
    """The project is fetched, its databases are read."""
    commit(installation.folder / "repository")
    project = f"/api/orgs/{ORGANIZATION}/projects/shop"
    installation.post(f"{project}/fetch")
    until(lambda: installation.get(project)["commit"], "the project is fetched")
    until(lambda: all(row["heads"] is not None for row in _databases(installation)), "the databases are read")


def run(
    installation: Installation, faults: Iterable[str], seed: int, tell: Callable[[str], None] = print
) -> dict[str, Row]:
    """Injects each fault in turn. The seed makes the moments and choices the same again; timing never is wholly."""
    random = Random(seed)  # noqa: S311 - repeatable is the point
    table: dict[str, Row] = {}
    former: list[dict[str, Any]] = []
    counted: dict[str, int] = {}
    for number, name in enumerate(faults, 1):
        began = time.monotonic()
        row = table.setdefault(name, Row())
        installation.sign_in()
        grown = still_silent(installation, former, counted)
        jobs = [_start(installation, database, random) for database in _databases(installation)]
        headers = {"Authorization": str(installation.http.headers["Authorization"])}
        urls = [installation.urls[number % len(installation.urls)] for number in range(len(jobs))]
        watchers = [Watcher(url, headers, job["id"]) for url, job in zip(urls, jobs, strict=True)]
        for watcher in watchers:
            watcher.start()
        time.sleep(random.uniform(*_MOMENTS))
        heal = FAULTS[name][1](installation, random, jobs)
        heal()
        installation.ready()
        verdict = judge(installation, jobs, watchers)
        verdict.double_runs += grown
        seconds = time.monotonic() - began
        row.times += 1
        row.jobs += len(jobs)
        row.endings += verdict.endings
        row.lost_events += len(verdict.lost_events)
        row.double_runs += len(verdict.double_runs)
        row.stuck += len(verdict.stuck)
        row.wrong_states += len(verdict.wrong_states)
        row.slowest_s = max(row.slowest_s, seconds)
        former, counted = jobs, {job["id"]: len(watcher.shown) for job, watcher in zip(jobs, watchers, strict=True)}
        how = ", ".join(f"{count} {state}" for state, count in sorted(verdict.endings.items()))
        tell(f"{number:>4} {name:<15} {seconds:5.1f} s  {how}  {verdict.words()}".rstrip())
        if not verdict.clean:
            tell(f"     evidence: {installation.keep_evidence(f'seed-{seed}-{number}', jobs)}")
            row.words.append(f"seed {seed}, injection {number}: {verdict.words()}")
    return table


def order(names: list[str], count: int, seed: int) -> list[str]:
    """So many faults, each kind equally often, in an order of the seed's."""
    chosen = [names[number % len(names)] for number in range(count)]
    Random(seed).shuffle(chosen)  # noqa: S311
    return chosen


def _databases(installation: Installation) -> list[dict[str, Any]]:
    environments = installation.get("/api/migrations/current", project=f"{ORGANIZATION}/shop")["environments"]
    return [row for environment in environments for row in environment["databases"]]


def _start(installation: Installation, database: dict[str, Any], random: Random) -> dict[str, Any]:
    """An upgrade to head, or from head a downgrade to base; sometimes the other way from the middle."""
    at = database["heads"]
    down = at == [keys()[-1]] or (bool(at) and random.random() < 0.2)
    move = {"project": f"{ORGANIZATION}/shop", "environment": "dev", "database": database["name"]}
    kind, revision = ("downgrade", "base") if down else ("upgrade", "head")
    job: dict[str, Any] = installation.post(f"/api/migrations/{kind}", {**move, "revision": revision})
    return job
