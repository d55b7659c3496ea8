"""The states of a job and the only moves between them; docs/job-lifecycle.md shows the same table."""

from enum import StrEnum

from stillroom_core.errors import Conflict


class JobKind(StrEnum):
    """What a job does to its database."""

    UPGRADE = "upgrade"
    DOWNGRADE = "downgrade"
    STAMP = "stamp"
    CURRENT = "current"
    CHECK = "check"
    COMMAND = "command"


class JobState(StrEnum):
    """Where a job stands. Lost: its worker vanished, and nobody knows what it did."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


class StepState(StrEnum):
    """Where a step of a job stands."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SKIPPED = "skipped"
    ROLLED_BACK = "rolled_back"


MOVES: dict[JobState, frozenset[JobState]] = {
    JobState.QUEUED: frozenset({JobState.RUNNING, JobState.CANCELLED, JobState.FAILED}),
    # Back into the queue only by a worker that was told to end, before the project's code has begun.
    JobState.RUNNING: frozenset(
        {JobState.QUEUED, JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.LOST}
    ),
    JobState.SUCCEEDED: frozenset(),
    JobState.FAILED: frozenset(),
    JobState.CANCELLED: frozenset(),
    JobState.LOST: frozenset(),
}

FINAL = frozenset(state for state, moves in MOVES.items() if not moves)

CHANGES_DATABASE = frozenset({JobKind.UPGRADE, JobKind.DOWNGRADE, JobKind.STAMP, JobKind.COMMAND})


def check_move(present: JobState, following: JobState) -> None:
    """Raises Conflict unless a job may go from `present` to `following`."""
    if following not in MOVES[present]:
        raise Conflict(
            "job_state",
            f"A job that is {present} cannot become {following}.",
            fix="Reload the job: it moved on in the meantime.",
        )
