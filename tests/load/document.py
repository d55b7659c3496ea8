"""docs/load.md, from what was measured."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime

from bench.document import _table, _verdict
from bench.measures import Spread
from bench.stack import ROOT

from load.lists import List, Reading
from load.price import Loud, Way
from load.throughput import DATABASES, REVISIONS, Rate
from load.watchers import PAUSE_S, Crowd
from load.years import Years

PAGE = ROOT / "docs" / "load.md"


# In the order of the page.
SECTIONS = ("Jobs per minute", "Watchers of one job", "After years", "What the walls cost", "A migration that prints")


def write(sections: list[str]) -> None:
    """Writes the sections that were measured; the others stay as they were measured before."""
    kernel = platform.release().split("-")[0]
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, Linux {kernel}"
    former = PAGE.read_text().split("\n## ")[1:] if PAGE.exists() else []
    known = {_place(text): text.rstrip() for text in [*former, *(text.removeprefix("## ") for text in sections)]}
    body = "\n\n".join(f"## {known[place]}" for place in sorted(known))
    PAGE.write_text(_HEAD.format(machine=machine) + body + "\n")


def _place(text: str) -> int:
    [place] = [number for number, title in enumerate(SECTIONS) if text.startswith(title)]
    return place


def measured(seconds: float) -> str:
    """When a section was measured, and how busy the machine was."""
    return (
        f"Measured on {datetime.now(UTC):%Y-%m-%d} in {seconds:.0f} s; the machine's load was "
        f"{os.getloadavg()[1]:.1f} on {os.cpu_count()} cores over the last five minutes.\n"
    )


_HEAD = """# Under load

Written by `make load`: {machine}. Everything runs on this machine: PostgreSQL and Valkey from their wheels, durable
(fsync on), one api process, one worker, one scheduler, the clients, and whatever else the machine did, which each
section says. `make load ARGS="watchers years"` measures some sections again. Single jobs are in
[benchmarks.md](benchmarks.md).

"""


def rates(found: list[Rate]) -> str:
    bare = {rate.name: rate for rate in found}
    best = max(rate.per_minute for rate in found if rate.name.startswith("`"))
    rows = [
        f"{rate.name} | {rate.moves} | {rate.seconds:.1f} s | {rate.per_minute:.0f} | {rate.per_minute / best:.2f}"
        for rate in bare.values()
    ]
    return f"""## Jobs per minute

{DATABASES} databases, {REVISIONS} revisions each; every database goes up, and when all are up, every one goes down.
Asked over HTTP; ended when the list of jobs says so. The last column is the part of the best that bare commands reach.

{_table("How | Moves | Time | A minute | Of the best bare", rows)}

A slot is a process of the worker. Each job starts two interpreters (the sandbox's warden and the project's own) and
reads the database before and after; a bare command starts one and reads nothing. More slots than cores help only while
migrations wait for their database.
"""


def crowds(found: list[Crowd]) -> str:
    rows = [
        f"{one.count:,} | {one.complete:,} of {one.count:,} | {one.connected_s:.0f} s | "
        f"{_ms(one.late.median)} | {_ms(one.late.part(0.99))} | {_ms(max(one.late.samples))} | "
        f"{_verdict(one.complete == one.count and one.late.median < 1 and one.late.part(0.99) < 3)}"
        for one in found
    ]
    head = "Watchers | Saw every line, in order | All connected after | Median | 99th percentile | Largest | Aim"
    return f"""## Watchers of one job

WebSocket clients in processes of their own, all of one api process; the job says one line every {PAUSE_S:.0f} s. From
the moment of the line, before it is stored, to its arrival. Aim: everybody sees every line once and in order, half of
them within one second, 99 of 100 within three.

{_table(head, rows)}
"""


def years(found: Years) -> str:
    rows = [
        f"{one.name} | {_ms(one.alone.median)} | {_ms(one.alone.part(0.99))} | {_ms(one.together.median)} | "
        f"{_ms(one.together.part(0.99))} | {_verdict(one.alone.part(0.99) < 0.1)}"
        for one in found.routes
    ]
    head = "What | Alone | Its statements | Their time | With a replica | Statements left | Their time | Of the former"
    lists = [
        f"{one.name} | {_reading(one.alone)} | {_reading(one.replica)} | {_share(one)}" for one in found.lists.found
    ]
    return f"""## After years: {found.jobs:,} jobs, {found.events:,} events

Written by SQL in {found.filled_s:.0f} s, then asked over HTTP by one client, and by eight at once of the one api
process. Aim: 99 of 100 answers to one client within 100 ms.

{_table("What | Median | p99 | Median of eight | p99 of eight | Aim", rows)}

That none of these reads or sorts a whole table is a test: it has PostgreSQL explain each query.

The same by an api that has `DATABASE_REPLICA_URL`, asked by one client. Primary and replica share these cores, so an
answer cannot come sooner here: what is gained is what the primary need not do, what it costs is the comparison of how
far each of the two is. Statements and their time are those of the primary for each answer. The replica answered
{found.lists.share:.0%} of what it was asked; when it was behind, the primary did.

{_table(head, lists)}
"""


def _reading(one: Reading) -> str:
    return f"{_ms(one.answers.median)} | {one.statements:.0f} | {one.milliseconds:.2f} ms"


def _share(one: List) -> str:
    return f"{one.replica.milliseconds / one.alone.milliseconds:.2f}"


def price(levels: dict[str, Spread], ways: list[Way]) -> str:
    bare = levels["by hand"].median
    names = {"bare": "T0, no walls", "landlock": "T1, Landlock and seccomp", "bwrap": "T2, bubblewrap"}
    rows = [
        f"{names.get(name, name)} | {one.shown(milliseconds=True)} | {(one.median - bare) * 1000:+.0f} ms"
        for name, one in levels.items()
    ]
    paths = [
        f"{way.name} | {way.session.median * 1e3:.1f} ms | {way.statement.median * 1e6:.0f} µs | "
        f"{way.statement.part(0.99) * 1e6:.0f} µs"
        for way in ways
    ]
    return f"""## What the walls cost

An upgrade of {REVISIONS} revisions by hand, and as a job without queue and HTTP, in turns. The difference from T0 to by
hand is all the rest of a job: claim, lock, reading before and after, events; from T0 on it is the walls.

{_table("How | Time | More than by hand", rows)}

A session and a statement (`select 1`) with psycopg. The proxy ran in the client's process here, as a process of the
worker would beside a busy job; it signs in to the server itself.

{_table("Way | A session | A statement, median | p99", paths)}
"""


def loud(found: Loud) -> str:
    more = found.most_mib - found.before_mib
    return f"""## A migration that prints {found.printed / 1e9:.1f} GB

By hand into a pipe that is read it takes {found.bare_s:.1f} s, as a job {found.seconds:.1f} s. Stored are
{found.events:,} events: the beginning, the end, and one that says that {found.left_out:,} lines are left out;
together all the lines that were printed. The largest process of the worker grew from {found.before_mib:.0f} to
{found.most_mib:.0f} MiB. Aim: less than 200 MiB more: {_verdict(more < 200)}.
"""


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:,.0f} ms"
