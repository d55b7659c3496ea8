"""A job's stream as lines: steps, statements with clock and duration, the tenant's output, the end."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from stillroom_cli.client.terminal import Piece, Style, Terminal, shortened
from stillroom_cli.client.times import clock, duration, parsed

# A statement that is done sooner is written once, with its duration; one that is not is announced.
_ANNOUNCE_AFTER_SECONDS = 3.0
_LONGEST_STATEMENT = 400

_STEP_MARKS: dict[str, tuple[str, Style]] = {
    "running": ("▸", Style.RUNNING),
    "done": ("✓", Style.GOOD),
    "failed": ("✗", Style.BAD),
    "skipped": ("-", Style.FAINT),
    "rolled_back": ("↶", Style.CAREFUL),
}
_STATE_STYLES: dict[str, Style] = {
    "succeeded": Style.GOOD,
    "failed": Style.BAD,
    "cancelled": Style.CAREFUL,
    "lost": Style.BAD,
}


class Display:
    """Writes what `following` brings; remembers only what runs at the moment."""

    def __init__(self, terminal: Terminal, job: dict[str, Any]) -> None:
        self._terminal = terminal
        self._job = job
        self._step = ""
        self._running: dict[int, _Statement] = {}
        self._waiting = ""
        self._told_error = False
        self._writers: dict[str, Callable[[dict[str, Any], str], None]] = {
            "step": self._write_step,
            "statement_started": self._write_started,
            "statement_finished": self._write_finished,
            "statement_failed": self._write_failed,
            "transaction": self._write_transaction,
            "output": self._write_output,
            "note": self._write_note,
            "locks": self._write_locks,
            "error": self._write_error,
        }

    def begin(self) -> None:
        """Says which job this is."""
        job = self._job
        place = f"{job['project']['slug']} / {job['environment']['slug']} / {job['database']['name']}"
        to = f" to {job['revision']}" if job["revision"] else ""
        self._terminal.line(
            (f"Job {job['number']}", Style.STRONG),
            f"  {job['kind']}{to}  {place}",
            (f"  commit {job['commit'][:10]}, asked by {job['actor']['name']}", Style.FAINT),
        )

    def event(self, event: dict[str, Any]) -> None:
        """Writes one event; types that this version does not know are left out."""
        writer = self._writers.get(event["type"])
        if writer is not None:
            at = parsed(event["at"]) or datetime.now(UTC)
            start = parsed(self._job["started_at"]) or parsed(self._job["requested_at"])
            writer(event["data"], clock(start, at))

    def job_changed(self, job: dict[str, Any]) -> None:
        """Takes note of the job as it is now; says why it waits."""
        self._job = job
        waiting = job.get("waiting")
        if not waiting:
            self._waiting = ""
            return
        behind = waits_for(waiting)
        text = f"waiting: {behind}; place {waiting['position']} in the queue"
        if text != self._waiting:
            self._waiting = text
            self._terminal.line((text, Style.FAINT))

    def tick(self) -> None:
        """Moves the clock of what runs; announces a statement that takes long."""
        now = time.monotonic()
        for statement in self._running.values():
            if not statement.announced and now - statement.since > _ANNOUNCE_AFTER_SECONDS:
                statement.announced = True
                self._terminal.line(statement.clock, "     … ", self._short(statement.sql), (" runs", Style.FAINT))
        if self._running:
            statement = next(reversed(self._running.values()))
            self._terminal.passing(f"{duration((now - statement.since) * 1000):>8}  {_one_line(statement.sql)}")
        elif self._step:
            self._terminal.passing(f"{self._progress()}{self._step}")
        else:
            self._terminal.passing(self._waiting or f"{self._job['state']} …")

    def cut(self, reason: str) -> None:
        """Says that the connection is gone."""
        self._terminal.line((f"Connection lost ({reason}); the job goes on. Trying again …", Style.CAREFUL))

    def back(self) -> None:
        """Says that it stands again."""
        self._terminal.line(("Connected again.", Style.FAINT))

    def end(self) -> None:
        """Says how it ended."""
        self._terminal.end_passing()
        job = self._job
        error = job.get("error")
        if error and not self._told_error:
            self._write_error(error, "")
        outcome = job.get("outcome")
        text = outcome["sentence"] if outcome else f"The job ended as {job['state']}."
        began, ended = parsed(job["started_at"]), parsed(job["finished_at"])
        took = f"  {duration((ended - began).total_seconds() * 1000)}" if began and ended else ""
        self._terminal.line(
            (text, _STATE_STYLES.get(job["state"], Style.STRONG)),
            (f"{took}  isolation: {job['isolation']}" if job.get("isolation") else took, Style.FAINT),
        )

        self._write_aftermath(job)

    def _write_aftermath(self, job: dict[str, Any]) -> None:
        aftermath = job.get("aftermath")
        if not aftermath:
            return
        self._terminal.line(aftermath["sentence"])
        for thing in aftermath["left"]:
            kind = "INVALID index" if thing["what"] == "invalid_index" else "has stayed"
            self._terminal.line(
                "  ", (kind if thing["certain"] else "may have stayed", Style.CAREFUL), f"  {_one_line(thing['text'])}"
            )
            if thing["cleanup"]:
                self._terminal.line("    ", ("Clean: ", Style.STRONG), thing["cleanup"])
        if job.get("resumable"):
            self._terminal.line((f"Go on from here: stillroom resume {job['id']} --wait", Style.FAINT))

    def close(self) -> None:
        """Leaves a clean line behind, whatever happened."""
        self._terminal.end_passing()

    def _write_step(self, data: dict[str, Any], at: str) -> None:
        state = data.get("state")
        if state not in _STEP_MARKS:
            return
        mark, style = _STEP_MARKS[state]
        title = data.get("title") or data.get("kind") or "step"
        if data.get("revision") and data["revision"] not in title:
            title = f"{data['revision'][:12]}  {title}"
        self._step = title if state == "running" else ""
        pieces: list[Piece] = [f"{at:>8}  ", (mark, style), " ", (title, Style.STRONG)]
        if state != "running":
            pieces.append((f"  {duration(data.get('duration_ms'))}".rstrip(), Style.FAINT))
        self._terminal.line(*pieces)
        for line in (data.get("detail") or "").splitlines():
            self._terminal.line(" " * 12, (line, Style.FAINT))

    def _write_started(self, data: dict[str, Any], at: str) -> None:
        self._running[data["n"]] = _Statement(data["sql"], f"{at:>8}")

    def _write_finished(self, data: dict[str, Any], at: str) -> None:
        rows = data.get("rows")
        took = duration(data["ms"]) + (f", {rows} row{'' if rows == 1 else 's'}" if rows and rows > 0 else "")
        self._write_statement(data["n"], at, (took, Style.FAINT))

    def _write_failed(self, data: dict[str, Any], at: str) -> None:
        self._write_statement(data["n"], at, (f"failed after {duration(data['ms'])}", Style.BAD))
        state = f" [{data['sqlstate']}]" if data.get("sqlstate") else ""
        for line in (data.get("message") or "").splitlines():
            self._terminal.line(" " * 12, (line + state, Style.BAD))
            state = ""

    def _write_statement(self, number: int, at: str, verdict: tuple[str, Style]) -> None:
        statement = self._running.pop(number, None)
        sql = statement.sql if statement else f"statement {number}"
        self._terminal.line(f"{at:>8}       ", self._short(sql, len(verdict[0])), "  ", verdict)

    def _write_transaction(self, data: dict[str, Any], at: str) -> None:
        if data["what"] != "begin":  # each begins one; what became of it is what matters
            style = Style.CAREFUL if data["what"] == "rollback" else Style.FAINT
            self._terminal.line(f"{at:>8}       ", (data["what"].upper(), style))

    def _write_output(self, data: dict[str, Any], at: str) -> None:
        style = Style.FAINT if data["stream"] == "install" else Style.PLAIN
        for line in data["text"].splitlines():
            self._terminal.line(f"{at:>8}  ", ("│ ", Style.FAINT), (line, style))

    def _write_note(self, data: dict[str, Any], at: str) -> None:
        self._terminal.line(f"{at:>8}  · ", (data["text"], Style.FAINT))

    def _write_locks(self, data: dict[str, Any], at: str) -> None:
        if data["text"]:
            self._terminal.line(f"{at:>8}  · ", (data["text"], Style.CAREFUL))

    def _write_error(self, data: dict[str, Any], at: str) -> None:
        self._told_error = True
        self._terminal.line(f"{at:>8}  ", (f"✗ {data['title']}", Style.BAD))
        for line in (data.get("detail") or "").splitlines():
            self._terminal.line(" " * 12, line)
        if data.get("fix"):
            self._terminal.line(" " * 12, ("Fix: ", Style.STRONG), data["fix"])

    def _short(self, sql: str, beside: int = 12) -> str:
        room = min(self._terminal.width - 20 - beside, _LONGEST_STATEMENT)
        return shortened(_one_line(sql), max(room, 20))

    def _progress(self) -> str:
        progress = self._job.get("progress")
        return f"{progress['done']} of {progress['total']}  " if progress and progress["total"] else ""


def waits_for(waiting: dict[str, Any]) -> str:
    """Who holds the database while a job waits."""
    holder, session = waiting["holder"], waiting.get("session")
    if session:
        since = f", since {session['since'][:19]}" if session["since"] else ""
        name = session["application"] or "a session without a name"
        return f"a terminal holds this database: {name}, user {session['username']}, pid {session['pid']}{since}"
    if holder:
        return f"job {holder['number']} of {holder['actor']['name']} runs on this database"
    return "the database is read again first" if waiting.get("unread") else "for a free worker"


class _Statement:
    """A statement that runs now."""

    def __init__(self, sql: str, clock: str) -> None:
        self.sql = sql
        self.clock = clock
        self.since = time.monotonic()
        self.announced = False


def _one_line(sql: str) -> str:
    return " ".join(sql.split())
