"""What is compared once everything is healthy again: the job's story, what was shown of it, and the database itself."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from chaos.installation import Installation, until
from chaos.project import keys, makes_table
from chaos.watcher import Watcher

FINAL = ("succeeded", "failed", "cancelled", "lost")
# The bound for a job without a worker; a healthy job of this project takes two seconds.
BOUND_S = 30


@dataclass
class Verdict:
    """How many things went wrong that never should, with words; and how the jobs ended."""

    lost_events: list[str] = field(default_factory=list)
    double_runs: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    wrong_states: list[str] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)

    @property
    def clean(self) -> bool:
        return not (self.lost_events or self.double_runs or self.stuck or self.wrong_states)

    def words(self) -> str:
        return "; ".join([*self.lost_events, *self.double_runs, *self.stuck, *self.wrong_states])


def judge(installation: Installation, jobs: list[dict[str, Any]], watchers: list[Watcher]) -> Verdict:
    """Waits for the end of every job, within the bound, and compares."""
    verdict = Verdict()
    for job, watcher in zip(jobs, watchers, strict=True):
        row = _ended(installation, job, verdict)
        if row is None:
            continue
        verdict.endings[row["state"]] += 1
        _compare_stream(installation, job, watcher, verdict)
        _compare_database(installation, job, row, verdict)
    return verdict


def still_silent(installation: Installation, jobs: list[dict[str, Any]], counted: dict[str, int]) -> list[str]:
    """Jobs whose stream grew after its end: somebody wrote who had lost the right to."""
    with installation.metadata() as connection:
        rows = connection.execute(
            "select job_id::text, count(*) from job_events where job_id = any(%s::uuid[]) group by 1",
            [[job["id"] for job in jobs]],
        ).fetchall()
    return [f"job {key} has {count} events, had {counted[key]}" for key, count in rows if counted.get(key) != count]


def _ended(installation: Installation, job: dict[str, Any], verdict: Verdict) -> dict[str, Any] | None:
    began = time.monotonic()
    try:
        row: dict[str, Any] = until(lambda: _final_row(installation, job["id"]), "the job ends", patience=60)
    except TimeoutError:
        verdict.stuck.append(f"job {job['number']} never ended")
        return None
    if time.monotonic() - began > BOUND_S:
        verdict.stuck.append(f"job {job['number']} took {time.monotonic() - began:.0f} s to end")
    return row


def _final_row(installation: Installation, key: str) -> dict[str, Any] | None:
    """The job's row once it has ended and its database is open again."""
    with installation.metadata() as connection:
        found = connection.execute(
            "select j.state, j.outcome, j.heads_before, j.heads_after, j.error, j.last_seq, d.name, d.heads, d.trusted "
            "from jobs j join databases d on d.id = j.database_id where j.id = %s",
            [key],
        ).fetchone()
    assert found is not None
    names = ("state", "outcome", "heads_before", "heads_after", "error", "last_seq", "database", "heads", "trusted")
    row = dict(zip(names, found, strict=True))
    settled = row["state"] in FINAL and row["trusted"] and row["outcome"]["code"] != "lost"
    return row if settled else None


def _compare_stream(installation: Installation, job: dict[str, Any], watcher: Watcher, verdict: Verdict) -> None:
    name = f"job {job['number']}"
    if not watcher.ended.wait(20):
        verdict.lost_events.append(f"{name}: the stream never ended for a watcher")
        watcher.stop()
    with installation.metadata() as connection:
        stored = connection.execute(
            "select seq, type, data from job_events where job_id = %s order by seq", [job["id"]]
        ).fetchall()
    numbers = [seq for seq, _, _ in stored]
    if numbers != list(range(1, len(stored) + 1)):
        verdict.lost_events.append(f"{name}: stored numbers have a gap")
    shown = [(event["seq"], event["type"], event["data"]) for event in watcher.shown]
    if [seq for seq, _, _ in shown] != numbers:
        verdict.lost_events.append(f"{name}: {len(shown)} lines shown, {len(stored)} stored")
    elif shown != stored:
        verdict.lost_events.append(f"{name}: a line was shown that is not the stored one")
    if any(kind in ("statement_failed", "error") and "OVERLAP" in str(data) for _, kind, data in stored):
        verdict.double_runs.append(f"{name}: two runs met")


def _compare_database(installation: Installation, job: dict[str, Any], row: dict[str, Any], verdict: Verdict) -> None:
    name = f"job {job['number']} ({row['state']}, {row['outcome']['code']})"
    with installation.target(row["database"]) as connection:
        # A backend that was told to end may need a moment; it must not need longer.
        deadline = time.monotonic() + 5
        while sessions := connection.execute(
            "select application_name, query from pg_stat_activity where application_name = %s",
            [f"stillroom:{job['id']}"],
        ).fetchall():
            if time.monotonic() > deadline:
                verdict.wrong_states.append(f"{name}: a session is left: {sessions}")
                break
            time.sleep(0.05)
        if connection.execute(
            "select 1 from pg_locks l join pg_database d on d.oid = l.database "
            "where locktype = 'advisory' and d.datname = current_database()"
        ).fetchone():
            verdict.wrong_states.append(f"{name}: the lock is still held")
        exists = connection.execute("select to_regclass('alembic_version'), to_regclass('ran')").fetchone()
        assert exists is not None
        version = connection.execute("select version_num from alembic_version").fetchall() if exists[0] else []
        heads = sorted(value for (value,) in version)
        tables = {value for (value,) in connection.execute("select tablename from pg_tables where tablename ~ '^t_'")}
        ran = connection.execute("select revision, direction from ran order by at").fetchall() if exists[1] else []
    if heads != row["heads"] or row["heads_after"] not in (None, heads):
        verdict.wrong_states.append(f"{name}: told {row['heads_after']} and {row['heads']}, stands at {heads}")
    wanted = [] if job["kind"] == "downgrade" else [keys()[-1]]
    if row["state"] == "succeeded" and heads != wanted:
        verdict.wrong_states.append(f"{name}: succeeded, but stands at {heads}")
    if row["outcome"]["code"].endswith(("_before_start", "_unchanged")) and row["heads_before"] not in (None, heads):
        verdict.wrong_states.append(f"{name}: says that nothing changed, but stands at {heads}")
    _compare_ran(name, heads, tables, ran, verdict)


def _compare_ran(name: str, heads: list[str], tables: set[str], ran: list[tuple[str, str]], verdict: Verdict) -> None:
    names = keys()
    applied = names[: names.index(heads[0]) + 1] if heads else []
    made = {f"t_{key}" for key in applied if makes_table(names.index(key))}
    if tables != made:
        verdict.wrong_states.append(f"{name}: at {heads}, but the tables are {sorted(tables ^ made)} off")
    last: dict[str, str] = {}
    for revision, direction in ran:
        if last.get(revision, "down") == direction:
            verdict.double_runs.append(f"{name}: {revision} was committed {direction} twice")
        last[revision] = direction
