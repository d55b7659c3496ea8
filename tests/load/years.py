"""How long the api takes to answer with years of history in its tables."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from uuid import UUID

import psycopg
from bench.measures import Spread
from bench.stack import Stack

from load.lists import Lists, Question, lists, timed
from stillroom_testing.many_jobs import analyze, fill


@dataclass(frozen=True)
class Route:
    """One question, asked alone and by eight clients at once."""

    name: str
    alone: Spread
    together: Spread


@dataclass(frozen=True)
class Years:
    """How much was stored, how long storing took, the answers, and the lists with a replica."""

    jobs: int
    events: int
    filled_s: float
    routes: list[Route]
    lists: Lists


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
    routes = [_ask(stack, question, asked) for question in questions]
    read_by_replica = [question for question in questions if _is_list(question[1])]
    return Years(jobs, events, filled, routes, lists(stack, read_by_replica, asked))


def _is_list(path: str) -> bool:
    """Whether a replica answers it, where there is one."""
    return path == "/api/jobs" or path.endswith("/events")


def _questions(old: list[UUID], middle: str) -> list[Question]:
    job = f"/api/jobs/{old[len(old) // 2]}"
    org = {"org": "bench"}
    return [
        ("Jobs of an organization, 50 of them", "/api/jobs", org),
        ("… a page in the middle", "/api/jobs", {**org, "cursor": middle}),
        ("… of a project", "/api/jobs", {"project": "bench/many-7"}),
        ("… of an environment", "/api/jobs", {"project": "bench/many-7", "environment": "prod"}),
        ("… that failed", "/api/jobs", {**org, "state": "failed"}),
        (
            "… that wait or run (what a page asks every few seconds)",
            "/api/jobs",
            {**org, "state": ["queued", "running"]},
        ),
        ("One job", job, {}),
        ("Its events", f"{job}/events", {"limit": "1000"}),
        ("Its log as text", f"{job}/log", {}),
        ("Where the databases stand", "/api/migrations/current", {"project": "bench/many-7"}),
        ("The projects", "/api/orgs/bench/projects", {}),
    ]


def _ask(stack: Stack, question: Question, asked: int) -> Route:
    def one(_number: int) -> float:
        return timed(stack.http, question)

    one(0)
    alone = Spread(tuple(map(one, range(asked))))
    with ThreadPoolExecutor(8) as pool:
        together = Spread(tuple(pool.map(one, range(asked * 2))))
    return Route(question[0], alone, together)
