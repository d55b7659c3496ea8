"""What the walls cost: each level of the sandbox, the proxy, and a migration that prints a gigabyte."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import psycopg
from bench.follow import upgrade
from bench.measures import Spread, _alembic, memory, virtualenv
from bench.stack import Stack
from bench.synthetic import make_repository

from load.throughput import SLUG
from stillroom_core.settings import get_settings
from stillroom_worker.egress import DatabaseProxy, Target
from stillroom_worker.room import Room
from stillroom_worker.run_job import run_job
from stillroom_worker.sandbox import Level
from stillroom_worker.sandbox.selftest import examine

GIGABYTE = 1_000_000_000
_LINE = "x" * 99


def levels(stack: Stack, repository: Path, rounds: int) -> dict[str, Spread]:
    """Upgrades of ten revisions by hand and in every level that this machine proves, in this process, in turns."""
    stack.run_worker(0)
    os.environ.update({name: stack.environment[name] for name in stack.environment if name.startswith("STILLROOM_")})
    os.environ.update({name: stack.environment[name] for name in ("DATABASE_URL", "REDIS_URL")})
    get_settings.cache_clear()
    try:
        return asyncio.run(_levels(stack, repository, rounds))
    finally:
        stack.run_worker(2)


async def _levels(stack: Stack, repository: Path, rounds: int) -> dict[str, Spread]:
    room = await Room.open(get_settings())
    by_hand = stack.new_database()
    url = stack.postgres.url(by_hand).replace("postgresql://", "postgresql+psycopg://")
    found: dict[str, list[float]] = {"by hand": []}
    try:
        proven = [level for level in Level if not (await examine(level, work=room.folder("jobs"))).reason]
        for number in range(rounds + 1):  # the first warms everything
            for kind, revision in (("upgrade", "head"), ("downgrade", "base")):
                took = await asyncio.to_thread(_alembic, virtualenv(), repository, url, kind, revision)
                if kind == "upgrade" and number:
                    found["by hand"].append(took)
            for level in proven:
                for kind, revision in (("upgrade", "head"), ("downgrade", "base")):
                    move = {"project": SLUG, "environment": "dev", "database": "main", "revision": revision}
                    job = stack.post(f"/api/migrations/{kind}", move)["id"]
                    began = time.monotonic()
                    await run_job(replace(room, level=level), UUID(job))
                    took = time.monotonic() - began
                    assert stack.get(f"/api/jobs/{job}")["state"] == "succeeded", stack.get(f"/api/jobs/{job}")
                    if kind == "upgrade" and number:
                        found.setdefault(level.value, []).append(took)
    finally:
        await room.close()
    return {name: Spread(tuple(samples)) for name, samples in found.items()}


@dataclass(frozen=True)
class Way:
    """A way to the database: opening a session, and one statement there and back."""

    name: str
    session: Spread
    statement: Spread


def ways(stack: Stack) -> list[Way]:
    """Straight to PostgreSQL, and through the proxy of a job."""
    return asyncio.run(_ways(stack))


async def _ways(stack: Stack) -> list[Way]:
    server, token = stack.postgres, secrets.token_hex(8)
    database = stack.new_database()
    target = Target(
        host=server.host,
        port=server.port,
        database=database,
        user=server.user,
        password=stack.environment["BENCH_PASSWORD"],
        sslmode="disable",
    )
    straight = {"host": server.host, "port": server.port, "user": server.user, "password": target.password}
    with tempfile.TemporaryDirectory(prefix="sr-") as folder:
        async with DatabaseProxy(target, Path(folder), token, cleartext_allowed=True):
            through = {"host": folder, "port": 5432, "user": "anybody", "password": token}
            return [
                await asyncio.to_thread(_way, name, {**where, "dbname": database})
                for name, where in (("straight", straight), ("through the proxy", through))
            ]


def _way(name: str, where: dict[str, object]) -> Way:
    sessions, statements = [], []
    for _ in range(50):
        began = time.perf_counter()
        psycopg.connect(**where).close()  # type: ignore[arg-type]
        sessions.append(time.perf_counter() - began)
    with psycopg.connect(**where, autocommit=True) as connection:  # type: ignore[arg-type]
        for _ in range(5_000):
            began = time.perf_counter()
            connection.execute("select 1")
            statements.append(time.perf_counter() - began)
    return Way(name, Spread(tuple(sessions)), Spread(tuple(statements)))


@dataclass(frozen=True)
class Loud:
    """A migration that printed so many bytes."""

    printed: int
    bare_s: float
    seconds: float
    events: int
    left_out: int
    before_mib: float
    most_mib: float


def loud(stack: Stack, folder: Path, printed: int) -> Loud:
    """Lets one revision print, and looks at the largest process of the worker meanwhile."""
    body = f'import sys\nfor _ in range({printed // (len(_LINE) + 1)}):\n    sys.stdout.write("{_LINE}\\n")'
    repository = make_repository(folder / "loud", 1, {0: body})
    by_hand = stack.postgres.url(stack.new_database()).replace("postgresql://", "postgresql+psycopg://")
    stack.add_project("loud", repository, stack.new_database())
    bare = _alembic(virtualenv(), repository, by_hand, "upgrade", "head")
    sizes = [_largest(stack)]
    done = threading.Event()

    def look() -> None:
        while not done.wait(0.2):
            sizes.append(_largest(stack))

    looking = threading.Thread(target=look)
    looking.start()
    seen, seconds = upgrade(stack, "loud")
    done.set()
    looking.join()
    left_out = [event["data"]["lines"] for _, event in seen.events if event["data"].get("code") == "middle_left_out"]
    assert sum(left_out) + sum(e["data"].get("text") == _LINE for _, e in seen.events) == printed // (len(_LINE) + 1)
    return Loud(printed, bare, seconds, len(seen.events), sum(left_out), sizes[0], max(sizes))


def _largest(stack: Stack) -> float:
    """The largest process of the worker itself, in MiB; tenants' processes are not ours to bound here."""
    found = memory(stack.processes["worker"])
    return max((rss for name, (_, rss, _) in found.items() if "celery" in name), default=0.0)
