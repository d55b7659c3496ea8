"""docs/reliability.md: what was broken, how often, and what came of it."""

from __future__ import annotations

import platform
from collections import Counter
from datetime import UTC, datetime

from chaos.campaign import Row
from chaos.faults import FAULTS
from chaos.installation import LEASE_S, ROOT

_HEAD = """# Reliability: broken on purpose

Written by `make chaos`. A whole Stillroom of real processes (api, scheduler, a worker with two supervisors, Valkey,
our own PostgreSQL, a target PostgreSQL behind a cable) runs jobs of ten revisions on two databases. At a random moment
something breaks; it is healed, and everything is compared: what a watcher from outside was shown with what is stored,
line by line; what the job says with what the databases hold; what ran with what may run once.

- **Lost or doubled events**: a watcher missed a line, saw one twice, or saw one that is not stored.
- **Double runs**: a revision was committed twice in one direction, two runs met on a database, or somebody wrote who
  had lost the right to.
- **Stuck**: {bound} s after everything was healthy again a job had not ended, or its database was still closed.
- **Wrong states**: the job or the page says something else than the database, or a session or a lock of a job is left.

All four must be zero. {injections} injections, {jobs} jobs, seed {seed}, {minutes:.0f} minutes, on {day} ({machine}).
The lease of a job was {lease} s instead of 20 s, so that more of them end.

| What broke | Times | Jobs | How they ended | Lost or doubled events | Double runs | Stuck | Wrong states | Slowest |
| --- | ---: | ---: | --- | ---: | ---: | ---: | ---: | ---: |
"""

_FOOT = """
`make chaos COUNT=… SEED=…` repeats it: the seed makes order, moments and choices the same again; how processes
interleave never is. `make chaos FAULTS="pause cancel"` runs some of them. A short campaign runs in `make test`.

Not broken here: the clock. A job's sign of life and the judgement over it use the clock of our own PostgreSQL, so a
host whose clock jumps loses nothing; a jump of that server's clock declares running jobs lost, which is safe and loud.
Nor a full disk.
"""


def write(table: dict[str, Row], seed: int, seconds: float) -> None:
    """Writes the page."""
    from chaos.verdict import BOUND_S

    lines = [
        f"| {FAULTS[name][0]} | {row.times} | {row.jobs} | {_endings(row.endings)} | {row.lost_events} | "
        f"{row.double_runs} | {row.stuck} | {row.wrong_states} | {row.slowest_s:.0f} s |"
        for name, row in sorted(table.items(), key=lambda item: list(FAULTS).index(item[0]))
    ]
    head = _HEAD.format(
        bound=BOUND_S,
        injections=sum(row.times for row in table.values()),
        jobs=sum(row.jobs for row in table.values()),
        seed=seed,
        minutes=seconds / 60,
        day=datetime.now(UTC).date().isoformat(),
        machine=f"{platform.system()}, Python {platform.python_version()}",
        lease=LEASE_S,
    )
    bad = [f"- {words}" for row in table.values() for words in row.words]
    found = "\n## What should never have been\n\n" + "\n".join(bad) + "\n" if bad else ""
    (ROOT / "docs" / "reliability.md").write_text(head + "\n".join(lines) + "\n" + found + _FOOT)


def _endings(endings: Counter[str]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(endings.items()))
