"""The steps of one job, in their order, from its checkout to the last reading of its database."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from time import monotonic
from typing import Any, TypeVar

import asyncpg
from sqlalchemy import select, update

from stillroom_core.databases.models import Database
from stillroom_core.environments.service import run_settings
from stillroom_core.errors import StillroomError
from stillroom_core.jobs.lifecycle import CHANGES_DATABASE, JobKind, JobState, StepState
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.outcome import outcome
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.masking import hide
from stillroom_core.plans.models import Plan
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit
from stillroom_core.revisions.graph import Graph
from stillroom_worker import code as codes
from stillroom_worker import drain
from stillroom_worker.addresses import allowed_addresses
from stillroom_worker.aftermath import aftermath, in_order, moved
from stillroom_worker.cellwork import application_name, new_token, proxy_for, target_of
from stillroom_worker.claims import Claim, still_held
from stillroom_worker.egress import Target
from stillroom_worker.errand import FAILURES
from stillroom_worker.failure import JobFailed
from stillroom_worker.heart import Superseded
from stillroom_worker.journal import Journal
from stillroom_worker.own_server import refuse_ours
from stillroom_worker.planning import settled_plan
from stillroom_worker.room import Room
from stillroom_worker.single_tenant import refuse_several_without_walls
from stillroom_worker.steps import Steps
from stillroom_worker.supervise import Account, Ending
from stillroom_worker.target import (
    SESSION_BROKE,
    Truth,
    reach,
    read_server,
    read_truth,
    refuse_another,
    refuse_unwritable,
    try_lock,
)
from stillroom_worker.tenant_runs import Ground, TenantRuns
from stillroom_worker.verdict import Verdict, judge
from stillroom_worker.virtualenv import Virtualenv, hold

T = TypeVar("T")

CHECKOUT, VIRTUALENV, LOCK, FIRST_FREE = 0, 1, 2, 3
LOCK_PATIENCE = timedelta(minutes=10)
_LOCK_EVERY = timedelta(seconds=1)
_LOOK_EVERY = timedelta(seconds=0.25)


class CancelAsked(Exception):
    """Somebody asked for a cancel before the tenant's code had started."""


class WorkerEnds(Exception):
    """The worker was told to end, and the time of its jobs has passed before the tenant's code had started."""


class JobRun:
    """The steps of one job; each ends in success, or in an error with words."""

    def __init__(self, room: Room, ours: Claim, journal: Journal) -> None:
        self._room = room
        self._ours = ours
        self._job = ours.job
        self._journal = journal
        self._kind = JobKind(ours.job.kind)
        self._folder = room.folder("jobs") / str(ours.job.id)
        self._steps = Steps(journal)
        self._runs: TenantRuns | None = None
        # From the first session on at one address: a name may lead elsewhere a moment later.
        self._target: Target

    async def execute(self) -> Verdict:
        """Runs everything and never raises what a tenant can cause."""
        try:
            return await self._execute()
        except CancelAsked:
            self._journal.set(waits_for=None)
            return Verdict(JobState.CANCELLED, outcome("cancelled_before_start"))
        except FAILURES as failure:
            return await self._broken_off(JobFailed.of(failure))
        finally:
            codes.forget(self._folder)

    async def _broken_off(self, described: JobFailed) -> Verdict:
        """Ends a job that could not go on; once the project's code has run, only a new reading knows the truth."""
        self._steps.fail_running()
        self._journal.set(waits_for=None)
        if self._runs is None or not self._runs.ran:
            return Verdict(JobState.FAILED, outcome("failed_before_start"), described)
        await self._keep(None)
        return Verdict(JobState.FAILED, outcome("unknown"), described)

    async def _execute(self) -> Verdict:
        ours = self._ours
        settings = run_settings(ours.environment)
        token = new_token()
        # Here, because a secret that was moved ends the job with words.
        self._target = target_of(ours.database, ours.environment)
        hide(token, self._target.password)  # from the first line on, before anybody signs in
        await refuse_several_without_walls(self._room)
        code = await self._checkout()
        virtualenv = await self._virtualenv(code)
        self._steps.begin(LOCK, "lock", "Lock the database")
        session = await self._guarded(self._connect())
        try:
            before = await self._guarded(self._lock_and_read(session))
            self._steps.end(LOCK, detail=f"at {', '.join(before.heads) or 'base'}")
            self._journal.set(heads_before=before.heads, invalid_before=before.invalid_indexes)
            plan = await self._settled_plan(before)
            async with proxy_for(
                self._room,
                self._target,
                self._folder / "socket",
                token,
                name=application_name(str(self._job.id)),
                in_touch=self._journal.in_touch,
            ) as proxy:
                ground = Ground(
                    settings=settings,
                    code=code,
                    virtualenv=virtualenv,
                    proxy=proxy,
                    token=token,
                    connect=self._connect,
                )
                self._runs = TenantRuns(self._room, ours, self._journal, self._steps, ground)
                with hold(virtualenv):  # pruning passes over what a job uses
                    account, ending = await self._runs.all(plan, FIRST_FREE)
            return await self._conclude(session, ending, account, before, plan)
        finally:
            session.terminate()

    async def _checkout(self) -> codes.Code:
        self._steps.begin(CHECKOUT, "checkout", f"Check out {self._job.commit_sha[:8]}")
        code = await self._guarded(codes.export(self._room, self._ours.project, self._job.commit_sha))
        self._steps.end(CHECKOUT, detail=f"{code.exported.files} files")
        return code

    async def _virtualenv(self, code: codes.Code) -> Virtualenv:
        self._steps.begin(VIRTUALENV, "virtualenv", "Prepare the Python environment")

        async def tell(line: str) -> None:
            self._journal.event("output", stream="install", text=line)

        made = await self._guarded(codes.virtualenv(self._room, self._ours.project, code, tell))
        how = "cached" if made.cached else "built"
        for note in made.notes:
            self._journal.note("virtualenv", note)
        self._steps.end(VIRTUALENV, detail=f"Python {made.python_version} · {made.source} · {how}")
        return made

    async def _lock_and_read(self, session: "asyncpg.Connection") -> Truth:
        try:
            await self._recognise(session)
            await self._lock(session)
            return await self._read(session)
        except SESSION_BROKE as cause:
            raise JobFailed(
                "read_failed",
                "The database was reached, but could not be locked and read.",
                str(cause) or type(cause).__name__,
                "Check that the server runs and that the user may read the version table; then start it again.",
            ) from None

    async def _recognise(self, session: "asyncpg.Connection") -> None:
        """Before anything else is asked there: that it is the database that was read before, and takes changes."""
        server = await read_server(session)
        await refuse_ours(self._room, self._target, server)
        refuse_another(self._ours.database.server_identity, server.identity)
        if self._kind in CHANGES_DATABASE:
            refuse_unwritable(server)

    async def _lock(self, session: "asyncpg.Connection") -> None:
        deadline = monotonic() + LOCK_PATIENCE.total_seconds()
        told = ""
        while True:
            lock = await try_lock(session)
            if lock.held:
                if told:
                    self._journal.set(waits_for=None)
                return
            if lock.holder != told:
                told = lock.holder
                self._journal.set(waits_for=lock.session)
                self._journal.note("lock_waiting", f"Another migration of this database runs: {lock.holder}.")
            if monotonic() > deadline:
                raise JobFailed(
                    "database_locked",
                    "Another migration of this database is still running.",
                    f"The lock is held by {lock.holder}.",
                    "Wait for it to end, or end that session, and start the job again.",
                )
            await asyncio.sleep(_LOCK_EVERY.total_seconds())

    async def _settled_plan(self, before: Truth) -> Plan | None:
        try:
            settling = self._journal.patiently(lambda: settled_plan(self._room, self._ours, before))
            plan, moved = await self._guarded(settling)
        except StillroomError:
            await self._keep(before)  # who plans again should see where the database really is
            raise
        if moved:
            told = " ".join(difference.sentence for difference in moved)
            self._journal.note("planned_again", f"Planned again under the lock. {told}")
        if plan is not None and plan.commit_chosen:
            told = f"Runs with the code of commit {plan.commit_sha[:12]}, which was chosen for it."
            self._journal.note("commit_chosen", told)
        return plan

    async def _connect(self) -> "asyncpg.Connection":
        """A session of our own on the target; by its name everybody there sees whose it is."""
        allow = await allowed_addresses(self._room.settings, self._target)
        session, self._target = await reach(self._target, allow, name=application_name(str(self._job.id)))
        return session

    async def _conclude(
        self,
        session: "asyncpg.Connection",
        ending: Ending,
        account: Account,
        before: Truth,
        plan: Plan | None,
    ) -> Verdict:
        position = account.next_position
        self._steps.begin(position, "verify", "Read the database again")
        after = await self._read_after(session, account, before)
        if after is None:
            self._steps.end(position, StepState.FAILED)
        else:
            self._steps.end(position, detail=f"at {', '.join(after.heads) or 'base'}")
            self._journal.set(heads_after=after.heads)
        committed = moved(await self._graph(), before.heads, after.heads) if after else frozenset()
        current = account.running_revision
        verdict = judge(self._kind, ending, account, before, after, plan, committed)
        if verdict.state is not JobState.SUCCEEDED:
            account.fail_open_step(rolled_back=after is not None and account.committed_inside is None)
        if after is not None:
            self._tell_left(verdict, account, before, after, committed, current)
        await self._keep(after)
        return verdict

    async def _read(self, session: "asyncpg.Connection") -> Truth:
        known = self._ours.database.version_tables if self._ours.database.heads else None
        return await read_truth(session, known, await self._revision_ids())

    async def _read_after(self, session: "asyncpg.Connection", account: Account, before: Truth) -> Truth | None:
        """Reads on the connection that holds the lock, or on a new one to the same server when that has gone."""
        shown = [
            {"schema": context["version_table_schema"] or "public", "table": context["version_table"]}
            for context in account.contexts
        ]
        wanted = await self._revision_ids()
        for attempt in range(2):
            try:
                if attempt:
                    session = await self._connect()
                found = await read_truth(session, None, wanted)
                refuse_another(before.server_identity, found.server_identity)
                named = {(t["schema"], t["table"]) for t in shown}
                if any((t["schema"], t["table"]) not in named for t in found.version_tables) and named:
                    existing = await read_truth(session, shown, wanted)
                    found = existing if existing.heads or not found.heads else found
            except (*SESSION_BROKE, JobFailed) as cause:
                why = cause.title if isinstance(cause, JobFailed) else f"{type(cause).__name__}."
                self._journal.note("verify_failed", f"The database could not be read: {why}")
                continue
            return found
        return None

    async def _revision_ids(self) -> frozenset[str]:
        return frozenset((await self._graph()).revisions)

    async def _graph(self) -> Graph:
        return await self._journal.patiently(self._read_graph)

    async def _read_graph(self) -> Graph:
        async with self._room.database.transaction(self._job.organization_id) as session:
            return graph_of(await session.get_one(Commit, self._job.commit_id))

    async def _keep(self, after: Truth | None) -> None:
        """Stores on the database's row what is true there now; raises Superseded where the claim is not ours any more.

        A worker that slept past its lease knows only what was true before somebody else looked.
        """
        doubt = {"trusted": False} if self._kind in CHANGES_DATABASE else {}
        values: dict[str, Any] = after.as_columns() if after else doubt
        if values:
            await self._journal.patiently(lambda: self._store(values))

    async def _store(self, values: dict[str, Any]) -> None:
        async with self._room.database.transaction(self._job.organization_id) as session:
            # Held, and asked before the database's row: a statement that waits for that row would go on with what
            # it saw of the job when it began, and trust a database whose job was declared lost meanwhile.
            ours = select(Job.id).where(still_held(self._job.id, self._ours.attempt)).with_for_update()
            if await session.scalar(ours) is None:
                raise Superseded
            await session.execute(update(Database).where(Database.id == self._ours.database.id).values(**values))
            notice_after_commit(session, self._job.organization_id, self._job.project_id, About.DATABASES)

    def _tell_left(
        self,
        verdict: Verdict,
        account: Account,
        before: Truth,
        after: Truth,
        committed: frozenset[str],
        current: str | None,
    ) -> None:
        """Stores what a job left that did not apply wholly, or that left a broken index although it says it did."""
        found = aftermath(
            committed=in_order(committed, (revision for _context, revision in account.steps)),
            current=current,
            stayed=account.stayed.left(committed),
            invalid_before=before.invalid_indexes,
            invalid_after=after.invalid_indexes,
        )
        if verdict.state is not JobState.SUCCEEDED or found["left"]:
            self._journal.set(aftermath=found)
        if verdict.state is not JobState.SUCCEEDED and len(account.contexts) <= 1:
            account.settle(committed)
            self._journal.set(steps_done=len(committed))
        for thing in found["left"]:
            if thing["what"] == "invalid_index":
                self._journal.note(
                    "invalid_index",
                    f"The index {thing['text']} is INVALID: its building was interrupted. {thing['cleanup']}",
                )

    async def _guarded(self, work: Coroutine[Any, Any, T]) -> T:
        """Does a piece of work of our own that a cancel ends, and the loss of the claim."""
        task = asyncio.ensure_future(work)
        try:
            while True:
                if self._journal.cancel_asked():
                    raise CancelAsked
                if drain.overdue():
                    raise WorkerEnds
                done, _ = await asyncio.wait({task}, timeout=_LOOK_EVERY.total_seconds())
                if done:
                    return task.result()
        finally:
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
