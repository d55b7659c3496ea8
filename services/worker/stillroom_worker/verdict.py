"""What a job's result is: the truth read afterwards, compared with what was there before and what was told."""

from dataclasses import dataclass
from typing import Any

from stillroom_core.jobs.lifecycle import JobKind, JobState
from stillroom_core.jobs.outcome import outcome
from stillroom_core.plans.models import Plan
from stillroom_worker.failure import JobFailed
from stillroom_worker.supervise import Account, Ending
from stillroom_worker.target import Truth
from stillroom_worker.words import failure_of_run

_MOVES = frozenset({JobKind.UPGRADE, JobKind.DOWNGRADE, JobKind.STAMP})
_DONE = {JobKind.UPGRADE: "upgraded", JobKind.DOWNGRADE: "downgraded", JobKind.STAMP: "stamped"}


@dataclass(frozen=True)
class Verdict:
    """The end of a job."""

    state: JobState
    outcome: dict[str, Any]
    error: JobFailed | None = None


def judge(
    kind: JobKind,
    ending: Ending,
    account: Account,
    before: Truth,
    after: Truth | None,
    plan: Plan | None,
    committed: frozenset[str],
) -> Verdict:
    """Decides how a job ended once its process has gone and the database was read again.

    `committed` are the revisions between the heads that were read before and after.
    """
    if after is None:
        state = JobState.CANCELLED if ending.reason == "cancelled" else JobState.FAILED
        return Verdict(state, outcome("unknown"), failure_of_run(kind, ending, account))
    if ending.reason == "cancelled":
        return Verdict(JobState.CANCELLED, _stopped("cancelled", account, before, after, committed))
    failure = failure_of_run(kind, ending, account) or _untrue(kind, account, before, after, plan)
    if failure is not None:
        return Verdict(JobState.FAILED, _stopped("failed", account, before, after, committed), failure)
    return Verdict(JobState.SUCCEEDED, _succeeded(kind, account, before, after))


def _succeeded(kind: JobKind, account: Account, before: Truth, after: Truth) -> dict[str, Any]:
    if kind is JobKind.CHECK and account.check is not None:
        if account.check["clean"]:
            return outcome("check_clean")
        return outcome("check_differs", count=len(account.check["diffs"]))
    if kind is JobKind.CURRENT:
        return outcome("read", heads=after.heads)
    if kind is JobKind.COMMAND:
        return outcome("command_done", heads=after.heads)
    if account.planned == 0 and after.heads == before.heads:
        return outcome("nothing_to_do", heads=after.heads)
    return outcome(_DONE[kind], heads=after.heads, done=account.finished, total=account.planned)


def _stopped(how: str, account: Account, before: Truth, after: Truth, committed: frozenset[str]) -> dict[str, Any]:
    if account.committed_inside is not None and account.committed_inside not in committed:
        return outcome(f"{how}_committed_inside", revision=account.committed_inside, heads=after.heads)
    if after.heads == before.heads:
        return outcome(f"{how}_unchanged", heads=after.heads)
    done = len(committed) if len(account.contexts) <= 1 else account.finished  # others have heads of their own
    return outcome(f"{how}_partial", heads=after.heads, done=done, total=max(done, account.planned))


def _untrue(kind: JobKind, account: Account, before: Truth, after: Truth, plan: Plan | None) -> JobFailed | None:
    """A run that says it went well although the database does not show it."""
    if kind not in _MOVES:
        return None
    if after.heads != before.heads:
        return _elsewhere(after, plan)
    expected = plan is not None and plan.steps is not None and len(plan.steps) > 0
    if account.finished == 0:
        return _idle(account, after) if expected else None
    if account.external_transaction:
        return JobFailed(
            "silent_rollback",
            "The run ended without an error, but the database is unchanged.",
            f"{account.finished} revisions ran inside a transaction that env.py opened and never committed: "
            "a statement was executed on the connection before context.configure().",
            "Commit that transaction in env.py, or run the earlier statement on a connection of its own.",
        )
    if kind is JobKind.STAMP and not expected:
        return None
    return JobFailed(
        "other_database",
        "The run ended without an error, but this database is unchanged.",
        f"{account.finished} revisions ran, and the version table here still says "
        f"{', '.join(before.heads) or 'base'}. The project has probably migrated another place.",
        "Check the variables of the environment: the project must take its database from {{url}}, {{host}} "
        "and their like.",
    )


def _elsewhere(after: Truth, plan: Plan | None) -> JobFailed | None:
    """The database moved, but not to where the plan leads. What follows a bootstrap is the bootstrap's business."""
    if plan is None or plan.heads_after is None or plan.bootstrap or set(after.heads) == set(plan.heads_after):
        return None
    return JobFailed(
        "not_as_planned",
        "The run ended without an error, but the database is not where the plan leads.",
        f"It stands at {', '.join(after.heads) or 'base'} instead of {', '.join(plan.heads_after) or 'base'}.",
        "Look at the output: env.py may choose revisions of its own, or something else moved the database meanwhile.",
    )


def _idle(account: Account, after: Truth) -> JobFailed:
    """Nothing ran although there was something to run."""
    stands = ", ".join(after.heads) or "base"
    if account.contexts and sorted(account.contexts[-1]["heads"]) != sorted(after.heads):
        seen = ", ".join(account.contexts[-1]["heads"]) or "base"
        return JobFailed(
            "other_database",
            "The project looked at another place than this database.",
            f"Alembic saw a version table at {seen}; in this database it says {stands}.",
            "Check the variables of the environment: the project must take its database from {{url}}, {{host}} "
            "and their like.",
        )
    return JobFailed(
        "nothing_happened",
        "The run ended without an error, but did nothing.",
        f"The database still stands at {stands} although revisions are due.",
        "Look at the output: the project may skip migrations without a setting, or look at another database.",
    )
