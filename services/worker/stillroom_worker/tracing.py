"""The spans of a job: the job, its steps, and every statement that the project's code tells of.

What a run tells is hearsay, so nothing but the picture depends on it; a run that announces statements without end
gets a bounded number of spans.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from stillroom_core.jobs.lifecycle import StepState
from stillroom_core.jobs.models import Job
from stillroom_core.telemetry import traces

if TYPE_CHECKING:
    from opentelemetry.trace import Span

MOST_STATEMENTS = 2000
_ENDED = {
    StepState.DONE: None,
    StepState.FAILED: "failed",
    StepState.ROLLED_BACK: "rolled back",
    StepState.SKIPPED: None,
}


@contextmanager
def traced_job(job: Job) -> Iterator[None]:
    """The span of a whole job, from its claim to its end."""
    with traces.span(
        f"job {job.kind}",
        stillroom__job_id=str(job.id),
        stillroom__organization_id=str(job.organization_id),
        stillroom__project_id=str(job.project_id),
        stillroom__attempt=str(job.attempt),
    ):
        yield


def tell_end(state: str, outcome: str) -> None:
    """How the job of the present span ended."""
    if not traces.on():
        return
    from opentelemetry import trace

    span = trace.get_current_span()
    span.set_attributes({"stillroom.state": state, "stillroom.outcome": outcome})
    if state == "failed":
        traces.fail(span, outcome)


class Trace:
    """The spans of one job's steps and statements."""

    def __init__(self) -> None:
        self._steps: dict[int, Span] = {}
        self._current: int | None = None
        self._statements: dict[int, Span] = {}
        self._made = 0

    @classmethod
    def begun(cls) -> "Trace | None":
        """One where traces are wanted."""
        return cls() if traces.on() else None

    def step(self, position: int, known: dict[str, Any]) -> None:
        """A step has changed: its span begins when it runs, below the present span, and ends with it."""
        state = StepState(known["state"])
        if state is StepState.RUNNING and position not in self._steps:
            self._steps[position] = traces.start(
                f"step {known.get('kind')}", None, stillroom__revision=known.get("revision")
            )
            self._current = position
        elif state in _ENDED and (span := self._steps.pop(position, None)) is not None:
            if self._current == position:
                self._current = None
            if why := _ENDED[state]:
                traces.fail(span, why)
            span.end()

    def statement(self, kind: str, content: dict[str, Any]) -> None:
        """A statement began, came back or failed."""
        number = content.get("n")
        if not isinstance(number, int):
            return
        if kind == "statement_started" and self._made < MOST_STATEMENTS:
            self._made += 1
            parent = self._steps.get(self._current) if self._current is not None else None
            self._statements[number] = traces.start(
                "statement", parent, db__system__name="postgresql", db__query__text=content["sql"]
            )
        elif kind != "statement_started" and (span := self._statements.pop(number, None)) is not None:
            if kind == "statement_failed":
                traces.fail(span, content["sqlstate"] or "failed")
            span.end()

    def end(self) -> None:
        """Ends what is open."""
        for span in (*self._statements.values(), *self._steps.values()):
            traces.fail(span, "cut off")
            span.end()
        self._statements, self._steps = {}, {}
