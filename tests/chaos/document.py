"""docs/reliability.md: what was broken, how often, and what came of it; what was not broken again stays."""

from __future__ import annotations

import platform
import re
from collections import Counter
from datetime import UTC, datetime

from chaos.campaign import Row
from chaos.faults import FAULTS
from chaos.installation import LEASE_S, ROOT

PAGE = ROOT / "docs" / "reliability.md"

_HEAD = """# Reliability: broken on purpose

Written by `make chaos`. A whole Stillroom of real processes (two api, the scheduler, two workers with two supervisors
each, Valkey, our own PostgreSQL and a target PostgreSQL, all three behind cables) runs jobs of ten revisions on two
databases. At a random moment something breaks; it is healed, and everything is compared: what a watcher from outside
was shown with what is stored, line by line; what the job says with what the databases hold; what ran with what may run
once.

- **Lost or doubled events**: a watcher missed a line, saw one twice, or saw one that is not stored.
- **Double runs**: a revision was committed twice in one direction, two runs met on a database, or somebody wrote who
  had lost the right to.
- **Stuck**: {bound} s after everything was healthy again a job had not ended, or its database was still closed.
- **Wrong states**: the job or the page says something else than the database, or a session or a lock of a job is left.

All four must be zero. {injections} injections and {jobs} jobs stand in the table; the last column says which campaign a
row is from. The lease of a job was {lease} s instead of 20 s, so that more of them end.

"""

_COLUMNS = (
    "| What broke | Times | Jobs | How they ended | Lost or doubled events | Double runs | Stuck | Wrong states | "
    "Slowest | Run |\n| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: | ---: |\n"
)

_RUNS = "\n## The campaigns\n\n"

_FOOT = """
`make chaos COUNT=… SEED=…` repeats one: the seed makes order, moments and choices the same again; how processes
interleave never is. `make chaos FAULTS="pause cancel"` runs some of them, and the others keep their rows. A short
campaign runs in `make test`.

How the clock jumps: the time that worker and scheduler read is wrong by one or two hours, ahead or back, and right
again later. Leases, rings and readings are measured by the clock of our own PostgreSQL alone; a jump of that server's
clock declares running jobs lost, which is safe and loud. How the disk fills up: the worker's data lies on a small file
system of its own, of which a fault takes every byte; that needs root, and is left out otherwise.
"""


def write(table: dict[str, Row], seed: int, seconds: float, level: str) -> None:
    """Writes the page; the rows of faults that did not happen this time, and their campaigns, are kept."""
    from chaos.verdict import BOUND_S

    former = PAGE.read_text() if PAGE.exists() else ""
    rows = {title: line for line in former.splitlines() if (title := _title(line)) is not None}
    campaigns = re.findall(r"^- \*\*(\d+)\*\*: (.+(?:\n  .+)*)", former, re.MULTILINE)
    run = max((int(number) for number, _ in campaigns), default=0) + 1
    for name, row in table.items():
        title = FAULTS[name][0]
        rows[title] = (
            f"| {title} | {row.times} | {row.jobs} | {_endings(row.endings)} | {row.lost_events} | "
            f"{row.double_runs} | {row.stuck} | {row.wrong_states} | {row.slowest_s:.0f} s | {run} |"
        )
    titles = [title for title, _ in FAULTS.values() if title in rows]
    head = _HEAD.format(
        bound=BOUND_S,
        injections=f"{sum(_number(rows[title], 2) for title in titles):,}",
        jobs=f"{sum(_number(rows[title], 3) for title in titles):,}",
        lease=LEASE_S,
    )
    told = f"{sum(row.times for row in table.values())} injections, seed {seed}, {seconds / 60:.0f} minutes, on "
    told += f"{datetime.now(UTC).date().isoformat()};\n  {platform.system()}, Python {platform.python_version()}; "
    told += f"the jobs ran at the level {level}."
    used = {rows[title].rsplit("|", 2)[1].strip() for title in titles}
    lines = [f"- **{number}**: {words}" for number, words in [*campaigns, (str(run), told)] if number in used]
    bad = [f"- {words}" for row in table.values() for words in row.words]
    found = "\n## What should never have been\n\n" + "\n".join(bad) + "\n" if bad else ""
    listed = "\n".join(rows[title] for title in titles)
    PAGE.write_text(head + _COLUMNS + listed + "\n" + _RUNS + "\n".join(lines) + "\n" + found + _FOOT)


def _title(line: str) -> str | None:
    title = line.split(" | ")[0].removeprefix("| ")
    return title if title in {title for title, _ in FAULTS.values()} else None


def _number(line: str, column: int) -> int:
    return int(line.split("|")[column])


def _endings(endings: Counter[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(endings.items()))
