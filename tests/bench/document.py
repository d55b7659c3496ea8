"""docs/benchmarks.md, from what was measured."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass

from bench.measures import History, Latency, Upgrade
from bench.open_pages import SECONDS, TABLES, OpenPage
from bench.scrolling import Scrolling
from bench.several import COMPARED, DATABASES, REVISIONS, Several
from bench.stack import ROOT

PAGE = ROOT / "docs" / "benchmarks.md"
Memory = dict[str, tuple[int, float, float]]


@dataclass
class Found:
    """Everything of one run."""

    upgrades: list[Upgrade]
    histories: list[History]
    latency: Latency
    pages: list[OpenPage]
    several: Several
    scrolling: Scrolling
    idle: dict[str, Memory]
    seconds: float


def write(found: Found) -> None:
    """Writes the page."""
    parts = [_head(found), _upgrades(found.upgrades), _histories(found.histories), _latency(found.latency)]
    parts += [_memory(found), _open_pages(found.pages), _several(found.several), _scrolling(found.scrolling)]
    PAGE.write_text("\n".join(parts))


def write_scrolling(found: Scrolling) -> None:
    """Writes the browser's part again and leaves the rest of the page."""
    kept = PAGE.read_text().split(_BROWSER)[0].rstrip("\n")
    PAGE.write_text(f"{kept}\n\n{_scrolling(found)}")


_BROWSER = "## In the browser"


def _scrolling(found: Scrolling) -> str:
    rows = [
        f"frames a second while the wheel turns, median | {found.frames_per_second:.0f} | "
        f"55: {_verdict(found.frames_per_second >= 55)}",
        f"longest task after the first paint | {found.longest_task:.0f} ms | "
        f"200 ms: {_verdict(found.longest_task <= 200)}",
        f"between two frames, 95 of 100 | {found.frame_p95:.0f} ms | ",
        f"between two frames, the worst | {found.frame_worst:.0f} ms | ",
        f"from the start of the navigation to the rows | {found.shown:.0f} ms | ",
        f"from a key to the next frame, median of 20 | {found.key:.0f} ms | ",
        f"first contentful paint | {found.first_paint:.0f} ms | ",
        f"a click on a row, to the paint that answers it | {_delay(found.row)} | 200 ms: {_verdict(found.row <= 200)}",
        f"opening the palette | {_delay(found.palette)} | 200 ms: {_verdict(found.palette <= 200)}",
        f"opening a plan of half the history | {_delay(found.plan)} | 200 ms: {_verdict(found.plan <= 200)}",
        f"until the steps of that plan are there | {found.plan_shown:.0f} ms | ",
        f"JavaScript (gzip) before this page is drawn | {found.first_load_kb:.0f} KB | "
        f"250 KB: {_verdict(found.first_load_kb <= 250)}",
        f"the same of the heaviest page, in Russian | {found.heaviest_load_kb:.0f} KB | "
        f"250 KB: {_verdict(found.heaviest_load_kb <= 250)}",
    ]
    return f"""{_BROWSER}

The migrations page of {found.rows:,} revisions on three databases, none of it folded, in Chromium without a window
(drawn by the processor), scrolled with the wheel for eight seconds; load {os.getloadavg()[0]:.1f} at the end. Written
by `make bench`, or alone by `make bench ARGS=--scroll`.

{_table("What | Found | Aim", rows)}
"""


def write_open_pages(found: list[OpenPage]) -> None:
    """Writes the part about open pages again and leaves the rest of the page."""
    _replace(_OPEN, _open_pages(found))


def write_several(found: Several) -> None:
    """Writes the part about several of each again and leaves the rest of the page."""
    _replace(_SEVERAL, _several(found))


def _replace(title: str, text: str) -> None:
    """Puts a section in the place of the former one; where there was none, before the browser's, which is last."""
    page = PAGE.read_text()
    before, _, after = page.partition(title if title in page else _BROWSER)
    rest = "## " + after.partition("\n## ")[2] if title in page else _BROWSER + after
    PAGE.write_text(f"{before.rstrip()}\n\n{text}\n{rest}")


_SEVERAL = "## Several of each"


def _several(found: Several) -> str:
    rows = []
    for apis, workers in COMPARED:
        rate = found.rates[apis, workers]
        rows.append(f"{apis} and {workers} | {rate.median:.0f} ({min(rate.samples):.0f} to {max(rate.samples):.0f})")
    return f"""{_SEVERAL}

Two apis and three workers against one of each, on one metadata database and one Valkey: {DATABASES} databases are
moved up and down by {REVISIONS} revisions, asked by turns through the apis. Each worker has one slot. Both were
measured by turns in one run on one machine of {os.cpu_count()} cores, which PostgreSQL, Valkey and the projects' own
processes share: with the cores busy more workers cannot end more jobs. Load {os.getloadavg()[0]:.1f} at the end.
Written by `make bench`, or alone by `make bench ARGS=--scale`.

{_table("Apis and workers | Jobs a minute", rows)}

That is {found.ratio:.2f} times as many. How many slots of one worker do is in [load.md](load.md).
"""


_OPEN = "## An open page"


def _open_pages(found: list[OpenPage]) -> str:
    rows = [
        f"{page.name} | {page.statements * 60 / SECONDS:.0f} | {page.milliseconds * 60 / SECONDS:.0f} ms | "
        f"{page.milliseconds / SECONDS / 10:.2f} % | {page.longest:.0f} ms"
        for page in found
    ]
    return f"""{_OPEN}

What somebody who looks costs the database that is looked at: each page is open in Chromium for {SECONDS} seconds, on a
database of {TABLES + 1} tables, and its server counts (pg_stat_statements): every statement that it was sent, `begin`
and `rollback` among them, and its time for planning and running them. Opening the page is part of it, for schema and
rows with a reading of the whole catalogue, because the last one is older than a minute. What the worker reads by itself
every five minutes is not. Several people who look at one page cost as many times that; a page that is hidden asks
nothing. Load {os.getloadavg()[0]:.1f} at the end. Written by `make bench`, or alone by `make bench ARGS=--pages`.

{_table("Page | Statements a minute | Server's time a minute | Of one core | Longest statement", rows)}
"""


def _delay(milliseconds: float) -> str:
    # Event timing, median of 10; the browser tells of nothing shorter than a frame.
    return "within a frame" if milliseconds <= 16 else f"{milliseconds:.0f} ms"


def _verdict(holds: bool) -> str:
    return "holds" if holds else "**missed**"


def _table(head: str, rows: list[str]) -> str:
    columns = head.split(" | ")
    return "\n".join(["| " + head + " |", "|" + " --- |" * len(columns), *(f"| {row} |" for row in rows)])


def _head(found: Found) -> str:
    kernel, load = platform.release().split("-")[0], os.getloadavg()[0]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, Linux {kernel}, load {load:.1f} at the end"
    return f"""# Benchmarks

Written by `make bench` in {found.seconds:.0f} s: {machine}.
A whole stack of its own: api, a worker of two processes, scheduler, PostgreSQL and Valkey from their wheels, durable
(fsync on), all on one machine. By hand and through the service alternate in one run
and use the same virtualenv and the same server, so the ratios mean something on any machine. Medians, with the
smallest and the largest sample in parentheses. What many jobs, many watchers and years of history cost is in
[load.md](load.md).
"""


def _upgrades(found: list[Upgrade]) -> str:
    rows = []
    for one in found:
        ratio, more = one.ours.median / one.bare.median, one.ours.median - one.bare.median
        holds = more <= 0.3 if one.revisions == 1 else ratio <= 1.10
        aim = "by hand + 0.3 s" if one.revisions == 1 else "1.10 × by hand"
        shown = f"{one.revisions:,} | {one.bare.shown()} | {one.ours.shown()} | {ratio:.2f} | {more:+.2f} s"
        rows.append(f"{shown} | {aim}: {_verdict(holds)}")
    steps = [
        f"- {one.revisions:,}: " + ", ".join(f"{name} {ms:,.0f} ms" for name, ms in one.steps) + "." for one in found
    ]
    head = "Revisions | `alembic upgrade head` | Ours | Ratio | Difference | Aim"
    return f"""## An upgrade, from POST to its end

From the request over HTTP to the end of the job at a WebSocket client, against the time of the process
`alembic upgrade head`. Each revision makes a table. Virtualenv and checkout are there already.

{_table(head, rows)}

Where the median run spends it, by the job's own steps:

{chr(10).join(steps)}

What the service does beyond the bare command: claim, lock and read the database before and after on a connection of
its own, a sandbox, a proxy that signs in, and for every revision and statement an event that is stored before it is
shown.

What that costs. Once a job: two interpreters start one after the other inside the cell (the warden that builds the
walls, then the project's), and the reading before and after is a connection of its own. And with many tiny revisions:
each is four or five statements of a fraction of a millisecond, and each statement passes the proxy, sends two events
through the pipe and ends in a row of ours, in processes that share these cores with PostgreSQL and the project; that
is why a hundred and a thousand of them miss their aim. What a statement itself needs is not slower, so the ratio
nears 1 as migrations do real work.
"""


def _histories(found: list[History]) -> str:
    rows = []
    for one in found:
        ratio = one.alembic.median / one.reader.median
        first = _verdict(ratio >= 10)
        shown = f"{one.revisions:,} | {one.alembic.shown()} | {one.reader.shown()} | {ratio:.1f} × faster: {first}"
        cached = f"{one.cached.shown(milliseconds=True)}: {_verdict(one.cached.median < 0.03)}"
        rows.append(f"{shown} | {one.fetch:.2f} s | {cached} | {one.size / 1e6:.1f} MB")
    head = "Revisions | `alembic history` | First read | Aim 10 × | Whole fetch | Cached GET, aim 30 ms | Answer"
    return f"""## History

The first read of a commit is the reader's work on the exported files. The whole fetch is what a person waits for after
adding the project: git, export, reading, who added which file and when, storing. `GET /api/migrations/history` is
asked twenty times afterwards, by a client that reads the whole answer. The reader parses every file by itself, so its
advantage narrows as the work per file outweighs Alembic's start: with 10,000 revisions it is about ten times.

{_table(head, rows)}
"""


def _latency(found: Latency) -> str:
    rows = []
    for name, spread, aimed in (
        ("500 statements, 10 ms apart", found.paced, True),
        ("2,000 statements without a pause", found.burst, False),
    ):
        median, p99 = spread.median * 1000, spread.part(0.99) * 1000
        verdict = _verdict(median < 50 and p99 < 200)
        most = max(spread.samples) * 1000
        rows.append(
            f"{name} | {median:.0f} ms | {p99:.0f} ms | {most:.0f} ms | {verdict}{'' if aimed else ' (full load)'}"
        )
    return f"""## From the end of a statement to a client

PostgreSQL's `clock_timestamp()` in the statement, until its `statement_finished` event has arrived over a WebSocket.
In between: driver, hook, pipe, worker, our database (stored first), Valkey, api. Aim: median below 50 ms, 99th
percentile below 200 ms.

{_table("Load | Median | 99th percentile | Largest | Aim", rows)}
"""


def _memory(found: Found) -> str:
    rows = []
    for name, family in found.idle.items():
        rss = sum(one[1] for one in family.values())
        pss = sum(one[2] for one in family.values())
        largest = max((one[1] for one in family.values()), default=0.0)
        rows.append(f"{name} | {len(family)} | {largest:.0f} MiB | {rss:.0f} MiB | {pss:.0f} MiB")
    total = sum(one[2] for family in found.idle.values() for one in family.values())
    rows.append(f"all | {sum(len(f) for f in found.idle.values())} | | | {total:.0f} MiB")
    running = [
        f"`{name.rpartition(' #')[0]}` | {rss:.0f} MiB | {pss:.0f} MiB"
        for name, (_pid, rss, pss) in found.latency.running.items()
    ]
    return f"""## Memory

The idle stack, right after its start. PSS counts a page that n processes share as 1/n for each; RSS counts it in full.

{_table("Process | Processes | Largest RSS | Sum of RSS | Sum of PSS", rows)}

The worker's processes while one job runs: the main process, its two pool processes (one of them supervises the job),
the sandbox, and the project's own Python.

{_table("Process | RSS | PSS", running)}
"""
