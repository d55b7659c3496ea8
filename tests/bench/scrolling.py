"""How smooth the migrations page is in a real browser with a long history."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import psycopg

from bench.stack import EMAIL, PASSWORD, ROOT, Stack, until
from bench.synthetic import key_of

WEB = ROOT / "web"


@dataclass(frozen=True)
class Scrolling:
    """One trace: times in milliseconds."""

    rows: int
    shown: float
    longest_task: float
    frames_per_second: float
    frame_p95: float
    frame_worst: float
    key: float
    first_paint: float
    row: float
    palette: float
    plan: float
    plan_shown: float
    first_load_kb: float
    heaviest_load_kb: float


def build_web() -> None:
    """The pages as they are now; the stack serves them."""
    subprocess.run(["npm", "run", "--silent", "build"], cwd=WEB, check=True, capture_output=True)


def scrolling(stack: Stack, repository: Path, revisions: int) -> Scrolling:
    """Opens a project with three databases at different places of its history, and scrolls through it."""
    slug = f"scrolled-{revisions}"
    stack.add_project(slug, repository)
    path = f"/api/orgs/bench/projects/{slug}"
    for environment, head in {"dev": revisions - 1, "staging": revisions // 2, "prod": None}.items():
        database = stack.new_database()
        if head is not None:
            with psycopg.connect(stack.postgres.url(database), autocommit=True) as connection:
                connection.execute("create table alembic_version (version_num text primary key)")
                connection.execute("insert into alembic_version values (%s)", [key_of(head)])
        stack.post(f"{path}/environments", {"slug": environment, "name": environment.title(), "variables": []})
        row = {"name": "main", "host": stack.postgres.host, "port": stack.postgres.port, "database": database}
        row |= {"username": stack.postgres.user, "password": stack.environment["BENCH_PASSWORD"]}
        stack.post(f"{path}/environments/{environment}/databases", {**row, "sslmode": "disable"})
    until(lambda: _all_read(stack, path), every=0.1)
    return _trace(stack, f"/bench/projects/{slug}/migrations")


def _all_read(stack: Stack, path: str) -> bool:
    databases = [row for found in stack.get(f"{path}/environments")["items"] for row in found["databases"]]
    return all(row["read"]["state"] == "idle" and row["heads"] is not None for row in databases)


def _trace(stack: Stack, address: str) -> Scrolling:
    with tempfile.TemporaryDirectory(prefix="stillroom-scroll-") as folder:
        result = Path(folder) / "scroll.json"
        given = {
            "STILLROOM_URL": stack.url,
            "STILLROOM_ADMIN_EMAIL": EMAIL,
            "STILLROOM_ADMIN_PASSWORD": PASSWORD,
            "SCROLL_ADDRESS": address,
            "SCROLL_RESULT": str(result),
        }
        argv = ["npx", "playwright", "test", "scroll", "--config", "playwright.bench.config.ts"]
        said = subprocess.run(argv, check=False, cwd=WEB, env={**os.environ, **given}, capture_output=True, text=True)
        if said.returncode != 0:
            raise RuntimeError(said.stdout + said.stderr)
        found = json.loads(result.read_text())
    return Scrolling(
        rows=found["rows"],
        shown=found["shown_ms"],
        longest_task=max(found["long_tasks_ms"], default=0.0),
        frames_per_second=statistics.median(found["frames_per_second"]),
        frame_p95=found["frame_ms"]["p95"],
        frame_worst=found["frame_ms"]["worst"],
        key=statistics.median(found["key_ms"]),
        first_paint=found["first_contentful_paint_ms"],
        row=statistics.median(found["interactions_ms"]["row"]),
        palette=statistics.median(found["interactions_ms"]["palette"]),
        plan=statistics.median(found["interactions_ms"]["plan"]),
        plan_shown=statistics.median(found["plan_shown_ms"]),
        first_load_kb=found["first_load_kb"]["english"],
        heaviest_load_kb=found["first_load_kb"]["heaviest"],
    )
