"""What a run has told about itself so far, turned into the job's steps and stream.

All of it is hearsay: the process belongs to a tenant. It decides what people see while they wait, never
what the job's result is; that is read from the database afterwards.
"""

from dataclasses import dataclass, field
from time import monotonic
from typing import Any

from stillroom_core.jobs.lifecycle import StepState
from stillroom_core.tables import now
from stillroom_runner.messages import Event
from stillroom_worker.journal import Journal
from stillroom_worker.supervise.stayed import Stayed

_STATEMENTS = frozenset({"statement_started", "statement_finished", "statement_failed"})
_SHOWN = _STATEMENTS | {"transaction"}


@dataclass
class Account:
    """The story of one run as its process tells it."""

    journal: Journal
    next_position: int
    steps: dict[tuple[int, str], int] = field(default_factory=dict)
    planned: int = 0
    finished: int = 0
    current: tuple[int, str] | None = None
    running_revision: str | None = None
    committed_inside: str | None = None
    stayed: Stayed = field(default_factory=Stayed)
    contexts: list[dict[str, Any]] = field(default_factory=list)
    hello: dict[str, Any] = field(default_factory=dict)
    error: dict[str, Any] | None = None
    check: dict[str, Any] | None = None
    graph: dict[str, Any] | None = None
    plan_notes: list[str] = field(default_factory=list)
    done: bool | None = None
    begins_again: bool = False
    statements: int = 0
    running: dict[int, float] = field(default_factory=dict)  # statement → when it began, by our own clock

    def begin_again(self) -> None:
        """The same run begins once more from the revision that failed; steps keep their places."""
        self.error = None
        self.done = None
        self.current = None
        self.running_revision = None
        self.committed_inside = None
        self.stayed = Stayed()
        self.contexts = []
        self.plan_notes = []
        self.running = {}
        self.begins_again = True

    def busy_for(self) -> float:
        """Seconds since the oldest statement began that has not come back; 0 when none runs."""
        return monotonic() - min(self.running.values()) if self.running else 0.0

    @property
    def external_transaction(self) -> bool:
        """Whether env.py configured Alembic inside a transaction of its own."""
        return any(context["external_transaction"] for context in self.contexts)

    def take(self, event: Event) -> None:
        """Notes one event of the process."""
        content: dict[str, Any] = dict(event)
        kind = content.pop("type")
        handler = getattr(self, f"_{kind}", None)
        if handler is not None:
            handler(content)
        if kind in _STATEMENTS:
            self.journal.trace_statement(kind, content)
        if kind in _SHOWN:
            self.journal.event(kind, **content)

    def fail_open_step(self, *, rolled_back: bool) -> None:
        """Marks the step that was running when the process ended as failed or rolled back."""
        if self.current is None:
            return
        position = self.steps[self.current]
        state = StepState.ROLLED_BACK if rolled_back else StepState.FAILED
        self.journal.step(position, state=state)
        self.current = None

    def _hello(self, content: dict[str, Any]) -> None:
        self.hello = {name: content[name] for name in ("python", "alembic", "sqlalchemy")}
        self.journal.set(runtime=self.hello)

    def _context(self, content: dict[str, Any]) -> None:
        self.contexts.append(content)
        driver = content["driver"] or "an unknown driver"
        self.journal.note(
            "context",
            f"Alembic {self.hello.get('alembic') or '?'} speaks through {driver} to {content['database'] or '?'}.",
            driver=content["driver"],
            heads=content["heads"],
        )
        if content["external_transaction"]:
            self.journal.note(
                "external_transaction",
                "env.py ran a statement before context.configure(), so Alembic is inside a transaction that "
                "only env.py can commit.",
            )

    def _plan(self, content: dict[str, Any]) -> None:
        if self.begins_again:  # what is planned now comes on top of what is through
            self.planned, self.begins_again = self.finished, False
        context = content["context"]
        for step in content["steps"]:
            key = (context, step["revision"])
            if key not in self.steps:
                self.steps[key] = self.next_position
                self.next_position += 1
            position = self.steps[key]
            self.journal.step(
                position,
                kind="revision",
                revision=step["revision"],
                title=step["message"] or step["revision"],
                state=StepState.PENDING,
                detail="leaves the transaction" if step["autocommit"] else None,
            )
        self.planned += len(content["steps"])
        if content["note"]:
            self.plan_notes.append(content["note"])
        self.journal.set(steps_total=self.planned, steps_done=self.finished)

    def _step_started(self, content: dict[str, Any]) -> None:
        key = (content["context"], content["revision"])
        if key in self.steps:
            self.current = key
            self.running_revision = content["revision"]
            self.journal.step(self.steps[key], state=StepState.RUNNING, started_at=now())

    def _step_finished(self, content: dict[str, Any]) -> None:
        key = (content["context"], content["revision"])
        if key in self.steps:
            self.current = self.running_revision = None
            if self._commits_each(content["context"]):
                self.committed_inside = None
            self.finished += 1
            self.journal.step(self.steps[key], state=StepState.DONE, duration_ms=content["ms"])
            self.journal.set(steps_done=self.finished)

    def _step_failed(self, content: dict[str, Any]) -> None:
        key = (content["context"], content["revision"])
        if key in self.steps:
            self.current = None
            self.journal.step(self.steps[key], state=StepState.FAILED, duration_ms=content["ms"])

    def settle(self, committed: frozenset[str]) -> None:
        """Says of revisions that ran, but that the database does not know, that they were undone."""
        for (_context, revision), position in self.steps.items():
            if revision not in committed and self.journal.step_fields(position)["state"] == StepState.DONE:
                self.journal.step(position, state=StepState.ROLLED_BACK)

    def _commits_each(self, number: int) -> bool:
        """Whether a revision that is through is committed; else a later failure undoes it, but for what has stayed."""
        return any(context["n"] == number and context["transaction_per_migration"] for context in self.contexts)

    def _statement_started(self, content: dict[str, Any]) -> None:
        self.stayed.statement_started(content)
        self.statements += 1
        # A tenant may announce statements without end; more than this never run at once.
        if len(self.running) < 1000:
            self.running[content["n"]] = monotonic()
        if self.current is not None:
            self.journal.count_statement(self.steps[self.current])

    def _statement_finished(self, content: dict[str, Any]) -> None:
        self.stayed.statement_finished(content)
        self.running.pop(content["n"], None)

    def _statement_failed(self, content: dict[str, Any]) -> None:
        self.stayed.statement_failed(content)
        self.running.pop(content["n"], None)

    def _transaction(self, content: dict[str, Any]) -> None:
        self.stayed.transaction(content)
        if content["what"] in ("commit", "autocommit") and content["inside"] and content["revision"]:
            self.committed_inside = content["revision"]

    def _error(self, content: dict[str, Any]) -> None:
        self.error = content
        if content["traceback"]:
            self.journal.event("output", stream="stderr", text=content["traceback"])

    def _check(self, content: dict[str, Any]) -> None:
        known = self.check or {"clean": True, "diffs": []}
        self.check = {
            "clean": known["clean"] and content["clean"],
            "diffs": [*known["diffs"], *content["diffs"]],
        }
        for difference in content["diffs"]:
            self.journal.note("difference", difference)

    def _graph(self, content: dict[str, Any]) -> None:
        self.graph = content

    def _done(self, content: dict[str, Any]) -> None:
        self.done = bool(content["ok"])
