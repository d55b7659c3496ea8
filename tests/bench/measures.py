"""The four measurements."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread

import psycopg

from bench.follow import Seen, follow, upgrade
from bench.stack import DATA, Stack
from bench.synthetic import make_repository
from stillroom_core.revisions.reader import read_graph
from stillroom_core.revisions.source import Source


@dataclass(frozen=True)
class Spread:
    """Samples of one thing, in seconds."""

    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    def part(self, share: float) -> float:
        ordered = sorted(self.samples)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))]

    def shown(self, *, milliseconds: bool = False) -> str:
        low, high = min(self.samples), max(self.samples)
        if milliseconds:
            return f"{self.median * 1000:.0f} ms ({low * 1000:.0f} to {high * 1000:.0f})"
        return f"{self.median:.2f} s ({low:.2f} to {high:.2f})"


@dataclass
class Upgrade:
    revisions: int
    bare: Spread
    ours: Spread
    # The steps of the median run as the job itself tells them, in milliseconds.
    steps: list[tuple[str, float]]


def _alembic(path: Path, repository: Path, url: str, *words: str) -> float:
    env = {"PATH": f"{path / 'bin'}:/usr/bin:/bin", "DATABASE_URL": url, "HOME": "/tmp", "PYTHONDONTWRITEBYTECODE": "1"}
    began = time.time()
    subprocess.run([str(path / "bin" / "alembic"), *words], cwd=repository, env=env, check=True, capture_output=True)
    return time.time() - began


def virtualenv() -> Path:
    """The one virtualenv that the service has built for the synthetic projects."""
    [found] = [path.parent.parent for path in (DATA / "data" / "virtualenvs").glob("*/bin/alembic")]
    return found


def upgrades(stack: Stack, folder: Path, sizes: dict[int, int]) -> list[Upgrade]:
    """Alternates by hand and through the service, so that both meet the same weather."""
    found = []
    for count, rounds in sizes.items():
        repository = make_repository(folder / f"upgrade-{count}", count)
        database, by_hand = stack.new_database(), stack.new_database()
        url = stack.postgres.url(by_hand).replace("postgresql://", "postgresql+psycopg://")
        slug = f"upgrade-{count}"
        stack.add_project(slug, repository, database)
        upgrade(stack, slug)  # builds or finds the virtualenv, exports the commit
        _alembic(virtualenv(), repository, url, "upgrade", "head")
        bare, ours, seen = [], [], []
        for _ in range(rounds):
            stack.empty(by_hand)
            bare.append(_alembic(virtualenv(), repository, url, "upgrade", "head"))
            stack.empty(database)
            stack.read(slug)
            run, seconds = upgrade(stack, slug)
            assert run.job["progress"] == {"done": count, "total": count}, run.job
            ours.append(seconds)
            seen.append(run)
        middle = seen[sorted(range(rounds), key=lambda i: ours[i])[rounds // 2]]
        found.append(Upgrade(count, Spread(tuple(bare)), Spread(tuple(ours)), _steps(stack, middle)))
    return found


def _steps(stack: Stack, seen: Seen) -> list[tuple[str, float]]:
    job = stack.get(f"/api/jobs/{seen.job['id']}")
    waited = _between(job["requested_at"], job["started_at"])
    steps = [("until a worker starts", waited)]
    kinds = [(step["kind"], step["duration_ms"] or 0.0) for step in job["steps"] if step["kind"] != "revision"]
    whole = _between(job["started_at"], job["finished_at"])
    revisions = sum(step["duration_ms"] or 0.0 for step in job["steps"] if step["kind"] == "revision")
    rest = whole - revisions - sum(ms for _kind, ms in kinds)
    return [*steps, *kinds, ("revisions", revisions), ("sandbox, Python, Alembic, end", rest)]


def _between(first: str, second: str) -> float:
    from datetime import datetime

    return (datetime.fromisoformat(second) - datetime.fromisoformat(first)).total_seconds() * 1000


@dataclass
class History:
    revisions: int
    alembic: Spread
    reader: Spread
    fetch: float
    cached: Spread
    size: int


def histories(stack: Stack, folder: Path, sizes: dict[int, int]) -> list[History]:
    """The first read of a commit, and what a page asks for afterwards, against `alembic history`."""
    found = []
    for count, rounds in sizes.items():
        repository = make_repository(folder / f"history-{count}", count)
        alembic = [_alembic(virtualenv(), repository, "postgresql://", "history") for _ in range(rounds)]
        reader = []
        for _ in range(rounds):
            began = time.time()
            reading = read_graph(Source(export=repository, subdirectory="", config_file=None, section="alembic"))
            reader.append(time.time() - began)
            assert (len(reading.graph), reading.complete) == (count, True)
        fetch = stack.add_project(f"history-{count}", repository)
        cached, size = [], 0
        for number in range(21):
            began = time.time()
            answer = stack.http.get("/api/migrations/history", params={"project": f"history-{count}"})
            if number:
                cached.append(time.time() - began)
            size = len(answer.raise_for_status().content)
        spreads = [Spread(tuple(values)) for values in (alembic, reader, cached)]
        found.append(History(count, spreads[0], spreads[1], fetch, spreads[2], size))
    return found


@dataclass
class Latency:
    paced: Spread
    burst: Spread
    running: dict[str, tuple[int, float, float]] = field(default_factory=dict)


_PACED = """
import time
op.execute("create table seen (k int, at timestamptz)")
for k in range({count}):
    op.execute(f"insert into seen values ({{k}}, clock_timestamp())")
    time.sleep({pause})
"""


def latency(stack: Stack, folder: Path) -> Latency:
    """From PostgreSQL's clock at the end of a statement to the arrival of its event at a client."""
    found = {}
    running: dict[str, tuple[int, float, float]] = {}
    for name, count, pause in (("paced", 500, 0.01), ("burst", 2000, 0)):
        body = _PACED.format(count=count, pause=pause).strip()
        repository = make_repository(folder / f"latency-{name}", 1, {0: body})
        database = stack.new_database()
        stack.add_project(f"latency-{name}", repository, database)
        move = {"project": f"latency-{name}", "environment": "dev", "revision": "head"}
        job = stack.post("/api/migrations/upgrade", move)["id"]
        watcher = Thread(target=lambda: running.update(memory(stack.processes["worker"], after=3.0)))
        if name == "paced":
            watcher.start()
        seen = follow(stack, job)
        if name == "paced":
            watcher.join()
        found[name] = _latencies(stack, database, seen)
    return Latency(found["paced"], found["burst"], running)


def _latencies(stack: Stack, database: str, seen: Seen) -> Spread:
    with psycopg.connect(stack.postgres.url(database)) as connection:
        ended = dict(connection.execute("select k, extract(epoch from at)::float8 from seen").fetchall())
    number_of: dict[int, int] = {}
    samples = []
    for at, event in seen.events:
        data = event["data"]
        if event["type"] == "statement_started" and data["sql"].startswith("insert into seen"):
            number_of[data["n"]] = int(data["sql"].split("(")[1].split(",")[0])
        elif event["type"] == "statement_finished" and data["n"] in number_of:
            samples.append(at - ended[number_of[data["n"]]])
    assert len(samples) == len(ended)
    return Spread(tuple(samples))


def memory(root: int, *, after: float = 0.0) -> dict[str, tuple[int, float, float]]:
    """(pid, RSS, PSS in MiB) of a process and its descendants, by what they run; unreadable ones are left out."""
    time.sleep(after)
    found: dict[str, tuple[int, float, float]] = {}
    for pid in _family(root):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        sizes = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in rollup if line.endswith("kB")}
        name = " ".join(word.decode(errors="replace").rpartition("/")[2] for word in words[:4])[:60]
        found[f"{name} #{pid}"] = (pid, sizes.get("Rss", 0.0), sizes.get("Pss", 0.0))
    return found


def _family(root: int) -> Sequence[int]:
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError):
                continue
    found = [root]
    for pid in found:
        found.extend(child for child, parent in parents.items() if parent == pid)
    return found
