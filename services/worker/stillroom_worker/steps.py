"""The steps of a job that the worker itself takes, with their durations."""

from time import monotonic

from stillroom_core.jobs.lifecycle import StepState
from stillroom_core.tables import now
from stillroom_worker.journal import Journal


class Steps:
    """Begins and ends steps, and remembers when each began."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._began: dict[int, float] = {}

    def begin(self, position: int, kind: str, title: str) -> None:
        """A step begins now."""
        self._began[position] = monotonic()
        self._journal.step(position, kind=kind, title=title, state=StepState.RUNNING, started_at=now())

    def end(self, position: int, state: StepState = StepState.DONE, *, detail: str | None = None) -> None:
        """A step that was begun ends now."""
        passed = (monotonic() - self._began[position]) * 1000
        self._journal.step(position, state=state, duration_ms=round(passed, 1), detail=detail)

    def fail_running(self) -> None:
        """Whatever runs has failed."""
        for position in self._journal.open_steps():
            if self._journal.step_fields(position)["state"] == StepState.RUNNING:
                self.end(position, StepState.FAILED)
