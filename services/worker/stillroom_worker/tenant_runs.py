"""The processes of one job: the bootstrap of an empty database, the run, and the run again where a lock was missing."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from random import uniform
from time import monotonic
from typing import Any

import asyncpg

from stillroom_core.environments.service import RunSettings
from stillroom_core.jobs.lifecycle import JobKind, StepState
from stillroom_core.plans.models import Plan
from stillroom_core.telemetry import traces
from stillroom_worker import drain
from stillroom_worker.cellwork import Run, start_run
from stillroom_worker.claims import Claim
from stillroom_worker.code import Code
from stillroom_worker.egress import DatabaseProxy
from stillroom_worker.failure import JobFailed
from stillroom_worker.journal import Journal
from stillroom_worker.lockwatch import LockWatch
from stillroom_worker.room import Room
from stillroom_worker.steps import Steps
from stillroom_worker.supervise import Account, Ending, Reason, Supervisor
from stillroom_worker.virtualenv import Virtualenv

# The server undid the transaction because of others, and said so: lock_not_available, deadlock_detected,
# serialization_failure. Everything else would fail again, or may have left something behind.
_PASSING = frozenset({"55P03", "40P01", "40001"})
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 30.0
_LOOK_EVERY = 0.25


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What every process of a job stands on."""

    settings: RunSettings
    code: Code
    virtualenv: Virtualenv
    proxy: DatabaseProxy
    token: str
    connect: Callable[[], Awaitable["asyncpg.Connection"]]


class TenantRuns:
    """Runs the project's code, one process after another, until one fails for good."""

    def __init__(self, room: Room, ours: Claim, journal: Journal, steps: Steps, ground: Ground) -> None:
        self._room = room
        self._ours = ours
        self._journal = journal
        self._steps = steps
        self._ground = ground
        self._deadline = monotonic() + ours.environment.time_limit_s
        self.ran = False

    async def all(self, plan: Plan | None, position: int) -> tuple[Account, Ending]:
        """Everything that the plan holds, with steps from `position` on; gives the story of the last process."""
        bootstrap = plan.bootstrap if plan else None
        if bootstrap:
            run = Run(job=str(self._ours.job.id), kind="command", command=bootstrap)
            account, ending = await self._command(run, position, "bootstrap", "Bootstrap the empty database")
            if not _good(account, ending):
                return account, ending
            position = account.next_position
        run = self._main_run(plan)
        if run.kind == "command":
            return await self._command(run, position, "command", " ".join(run.command or ()))
        return await self._with_patience(run, Account(self._journal, position))

    async def _command(self, run: Run, position: int, kind: str, title: str) -> tuple[Account, Ending]:
        account = Account(self._journal, position)
        account.next_position += 1
        self._steps.begin(position, kind, title)
        ending = await self._once(run, account)
        self._steps.end(position, StepState.DONE if _good(account, ending) else StepState.FAILED)
        return account, ending

    async def _with_patience(self, run: Run, account: Account) -> tuple[Account, Ending]:
        """The run, and again from the revision that failed, as often as the environment allows."""
        for retry in range(self._ours.environment.retries + 1):
            if retry:
                account.begin_again()
            ending = await self._once(run, account)
            if _good(account, ending) or not self._passes(run, account, ending):
                return account, ending
            if retry == self._ours.environment.retries:
                return account, ending
            # Others who lost to the same lock try again too: not all at once.
            wait = min(_LONGEST_WAIT, _FIRST_WAIT * 2**retry) * uniform(0.5, 1.5)  # noqa: S311 - a pause is no secret
            self._journal.note(
                "trying_again",
                f"{(account.error or {})['message']} Trying again from the revision that failed in {wait:.1f} s, "
                f"{retry + 1} of {self._ours.environment.retries}.",
            )
            account.fail_open_step(rolled_back=True)
            if reason := await self._stopped_within(wait):
                return account, Ending(ending.status, reason)
        return account, ending

    def _passes(self, run: Run, account: Account, ending: Ending) -> bool:
        """Whether the same run may succeed a moment later, and cannot do anything else than was planned."""
        error = account.error
        if ending.reason != "exited" or error is None or error["sqlstate"] not in _PASSING:
            return False
        if account.committed_inside is not None or account.external_transaction:
            return False  # what is left of the revision, nobody can know
        # "+2" from half way would be another target; `expected` would refuse it, and so do we.
        relative = run.target is not None and ("+" in run.target or run.target.lstrip().startswith("-"))
        return run.kind in ("upgrade", "downgrade", "stamp") and not (relative and account.finished)

    async def _stopped_within(self, seconds: float) -> Reason | None:
        deadline = min(self._deadline, monotonic() + seconds)
        while monotonic() < deadline:
            if self._journal.cancel_asked():
                return "cancelled"
            if drain.overdue():
                return "worker_ends"
            await asyncio.sleep(_LOOK_EVERY)
        return None

    async def _once(self, run: Run, account: Account) -> Ending:
        environment, ground = self._ours.environment, self._ground
        limit = environment.blocking_limit_s
        watch = LockWatch(
            self._journal,
            connect=ground.connect,
            pids=lambda: ground.proxy.backend_pids,
            busy_for=account.busy_for,
            limit=timedelta(seconds=limit) if limit else None,
        )
        supervisor = Supervisor(
            self._journal,
            account,
            time_limit=timedelta(seconds=max(0.0, self._deadline - monotonic())),
            cancel_backends=ground.proxy.cancel_backends,
            terminate_backends=self._terminate_backends,
            blocking=watch.too_long,
        )
        prisoner = await start_run(
            self._room,
            run,
            project=self._ours.project,
            environment=environment,
            settings=ground.settings,
            code=ground.code,
            virtualenv=ground.virtualenv,
            database=self._ours.database,
            proxy=ground.proxy,
            token=ground.token,
        )
        self.ran = True
        with traces.span("runner", stillroom__kind=run.kind):
            async with watch:
                ending = await supervisor.watch(prisoner)
        self._journal.tell_end()
        for failure in ground.proxy.failures:
            self._journal.note("connection_failed", f"{failure.message} {failure.fix}".strip())
        return ending

    def _main_run(self, plan: Plan | None) -> Run:
        job = self._ours.job
        command = plan.command if plan else None
        if command:
            words = [word.replace("{{revision}}", job.revision or "head") for word in command]
            return Run(job=str(job.id), kind="command", command=words)
        if JobKind(job.kind) is JobKind.COMMAND:
            raise JobFailed(
                "no_command",
                "The project has no command of its own.",
                fix="Set it in the project's settings.",
            )
        kind: Any = job.kind
        expected = [step["revision"] for step in plan.steps] if plan and plan.steps is not None else None
        purge = plan is not None and plan.purges
        return Run(job=str(job.id), kind=kind, target=job.revision, expected=expected, purge=purge)

    async def _terminate_backends(self) -> None:
        session = await self._ground.connect()
        try:
            await session.execute(
                "select pg_terminate_backend(pid) from unnest($1::int[]) pid", sorted(self._ground.proxy.backend_pids)
            )
        finally:
            await session.close()


def _good(account: Account, ending: Ending) -> bool:
    return ending.good and account.error is None
