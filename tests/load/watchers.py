"""Thousands of people who watch one job: does everybody see everything, and how late."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.measures import Spread
from bench.stack import ROOT, Stack

from load.throughput import SLUG
from stillroom_testing.stand_in_worker import StandInWorker

EVENTS, PAUSE_S = 30, 1.0
_EACH = 2_500  # clients in one process


@dataclass(frozen=True)
class Crowd:
    """How it was to be one of so many."""

    count: int
    complete: int
    in_order: int
    events: int
    connected_s: float
    late: Spread


def crowd(stack: Stack, count: int) -> Crowd:
    """A job that tells something once a second, and so many clients of it."""
    move = {"project": SLUG, "environment": "dev", "database": "main", "revision": "head"}
    job = stack.post("/api/migrations/upgrade", move)["id"]
    return asyncio.run(_crowd(stack, job, count))


async def _crowd(stack: Stack, job: str, count: int) -> Crowd:
    environment = stack.environment
    async with StandInWorker(environment["STILLROOM_OWNER_DATABASE_URL"], environment["REDIS_URL"]) as worker:
        key = await worker.claim(job)
        await worker.tell(key, _line(0))
        began = time.monotonic()
        sizes = [_EACH] * (count // _EACH) + ([count % _EACH] if count % _EACH else [])
        processes = [
            subprocess.Popen(
                [sys.executable, "-m", "load.crowd", stack.url, stack.token, job, str(size)],
                cwd=ROOT,
                env={**environment, "PYTHONPATH": str(Path(__file__).parents[1])},
                stdout=subprocess.PIPE,
                text=True,
            )
            for size in sizes
        ]
        try:
            for process in processes:
                assert await asyncio.to_thread(_line_of, process) == "ready\n"
            connected = time.monotonic() - began
            for number in range(1, EVENTS):
                await asyncio.sleep(PAUSE_S)
                await worker.tell(key, _line(number))
            await worker.end(key, "succeeded", "nothing_to_do", heads=[])
            found = [json.loads(await asyncio.to_thread(_line_of, process)) for process in processes]
        finally:
            for process in processes:
                process.kill()
                process.wait()
    late = tuple(delay for one in found for delay in one["late"])
    complete = sum(one["complete"] for one in found if one["events"] == EVENTS)
    return Crowd(count, complete, sum(one["in_order"] for one in found), EVENTS, connected, Spread(late))


def _line(number: int) -> tuple[str, dict[str, object]]:
    return "output", {"stream": "stdout", "text": f"INFO  [alembic.runtime.migration] Running upgrade, line {number}"}


def _line_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()
