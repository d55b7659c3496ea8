"""How long the api takes to answer with years of history in its tables."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import psycopg
from bench.measures import Spread
from bench.stack import Stack

from stillroom_testing.many_jobs import analyze, fill


@dataclass(frozen=True)
class Route:
    """One question, asked alone and by eight clients at once."""

    name: str
    alone: Spread
    together: Spread


@dataclass(frozen=True)
class Years:
    """How much was stored, how long storing took, and the answers."""

    jobs: int
    events: int
    filled_s: float
    routes: list[Route]


def years(stack: Stack, jobs: int, events: int, asked: int) -> Years:
    """Fills the tables and asks."""
    began = time.monotonic()
    with psycopg.connect(stack.environment["STILLROOM_OWNER_DATABASE_URL"], autocommit=True) as connection:
        old = fill(connection, jobs, events, each=50, open_jobs=False)
        analyze(connection)
        middle = connection.execute("select id from jobs order by id offset %s limit 1", [jobs // 2]).fetchone()
    assert middle is not None
    filled = time.monotonic() - began
    questions = _questions(old, str(middle[0]))
    return Years(jobs, events, filled, [_ask(stack, name, path, query, asked) for name, path, query in questions])


def _questions(old: list[UUID], middle: str) -> list[tuple[str, str, dict[str, str]]]:
    job = f"/api/jobs/{old[len(old) // 2]}"
    org = {"org": "bench"}
    return [
        ("Jobs of an organization, 50 of them", "/api/jobs", org),
        ("… a page in the middle", "/api/jobs", {**org, "cursor": middle}),
        ("… of a project", "/api/jobs", {"project": "bench/many-7"}),
        ("… of an environment", "/api/jobs", {"project": "bench/many-7", "environment": "prod"}),
        ("… that failed", "/api/jobs", {**org, "state": "failed"}),
        ("… that wait or run (what a page asks every few seconds)", "/api/jobs?state=queued&state=running", org),
        ("One job", job, {}),
        ("Its events", f"{job}/events", {"limit": "1000"}),
        ("Its log as text", f"{job}/log", {}),
        ("Where the databases stand", "/api/migrations/current", {"project": "bench/many-7"}),
        ("The projects", "/api/orgs/bench/projects", {}),
    ]


def _ask(stack: Stack, name: str, path: str, query: dict[str, str], asked: int) -> Route:
    def one(_number: int) -> float:
        began = time.perf_counter()
        url = f"{path}{'&' if '?' in path else '?'}" + "&".join(f"{key}={value}" for key, value in query.items())
        answer = stack.http.get(url)
        answer.raise_for_status()
        return time.perf_counter() - began

    one(0)
    alone = Spread(tuple(map(one, range(asked))))
    with ThreadPoolExecutor(8) as pool:
        together = Spread(tuple(pool.map(one, range(asked * 2))))
    return Route(name, alone, together)
