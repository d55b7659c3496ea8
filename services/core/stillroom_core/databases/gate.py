"""The gate: whether a database is where a program needs it, answered from heads that were read recently.

Programs that start (an init container, say) wait at it. An upgrade that runs does not close it for those who need what
was there before the upgrade began: an upgrade only adds. What takes away, or writes where a database stands, closes it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import func, or_, update

from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.jobs.lifecycle import CHANGES_DATABASE, JobKind, JobState
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.queue import READ_DATABASE, Ring, ring_after_commit
from stillroom_core.jobs.repository import JobRepository
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit, Project
from stillroom_core.projects.repository import ProjectRepository
from stillroom_core.projects.service import newest_commit
from stillroom_core.projects.traces import trace_of
from stillroom_core.revisions.graph import Graph
from stillroom_core.tables import now

# A database that cannot be reached is not tried again at every question of every program that waits.
_FAILED_AGAIN = timedelta(seconds=5)
_HEADS = frozenset({"head", "heads"})
# Of heads that neither commit knows, so many are looked for in older ones.
_TRACED = 3


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a program needs: a revision, or the heads of a commit; without both the heads of the newest one."""

    revision: str | None
    commit: str | None  # its sha, or 7 or more of its first digits
    exact: bool  # there and not further
    max_age: timedelta  # of the reading that is good enough


@dataclass(frozen=True, kw_only=True)
class GateAnswer:
    """Open or closed, why, and how fresh that is. `pending`: asking again soon may give another answer."""

    open: bool
    code: str
    told: str
    wanted: tuple[str, ...] = ()
    commit_sha: str | None = None
    heads: Sequence[str] | None = None
    read_at: datetime | None = None
    fresh: bool = False
    pending: bool = False
    job: int | None = None

    @property
    def age(self) -> timedelta | None:
        """How long ago the heads were read."""
        return max(now() - self.read_at, timedelta()) if self.read_at else None


async def ask_gate(session: Session, actor: Actor, project: Project, database: Database, wanted: Wanted) -> GateAnswer:
    """The answer for now; a reading that is too old is asked for, and the answer is pending until it is there."""
    commit = await _commit(session, actor, project, wanted.commit)
    if commit is None:
        return _commit_unknown(database, wanted)
    running = await _running(session, actor, database)
    told = _standing_while(database, running, wanted)
    if told is None:
        told = _place(database, *await _read(session, database, wanted))
    if not told.fresh:
        return told
    graph = graph_of(commit)
    targets = _targets(graph, told.heads or (), wanted.revision)
    if targets is None:
        traced = await trace_of(session, actor, project, wanted.revision or "")
        targets = (wanted.revision or "",) if traced else None
    if targets is None:
        return replace(
            told, code="revision_unknown", told=f"No commit that was read has the revision {wanted.revision}."
        )
    arrived = (
        set(told.heads or ()) == set(targets)
        if wanted.exact
        else set(targets) <= await _applied(session, actor, project, [graph], told.heads or ())
    )
    found = replace(told, wanted=targets, commit_sha=commit.sha)
    place, there = _names(told.heads or ()), _names(targets)
    if arrived:
        return replace(found, open=True, code="there", told=f"The database stands at {place}.")
    aim = "exactly at" if wanted.exact else "at or after"
    return replace(found, code="not_there", told=f"The database stands at {place}, which is not {aim} {there}.")


async def _commit(session: Session, actor: Actor, project: Project, sha: str | None) -> Commit | None:
    if sha is None:
        return await newest_commit(session, actor, project)
    return await ProjectRepository(session, actor.organization_id).commit_by_sha(project, sha.lower())


def _commit_unknown(database: Database, wanted: Wanted) -> GateAnswer:
    told = (
        f"The commit {wanted.commit} was not read by Stillroom."
        if wanted.commit
        else "The project has not been fetched yet."
    )
    return GateAnswer(
        open=False, code="commit_unknown", told=told, heads=database.heads, read_at=database.heads_read_at
    )


async def _running(session: Session, actor: Actor, database: Database) -> Job | None:
    jobs = (await JobRepository(session, actor.organization_id).open_jobs([database.id])).get(database.id, [])
    moving = {kind.value for kind in CHANGES_DATABASE}
    return next((job for job in jobs if job.state == JobState.RUNNING.value and job.kind in moving), None)


def _standing_while(database: Database, job: Job | None, wanted: Wanted) -> GateAnswer | None:
    """What can be said while a job moves the database; None where none does."""
    if job is None:
        return None
    if job.kind == JobKind.UPGRADE.value and job.heads_before is not None and not wanted.exact:
        # The job read them under its lock, and nothing else takes away while it runs.
        return GateAnswer(
            open=False,
            code="moving",
            told="",
            heads=job.heads_before,
            read_at=now(),
            fresh=True,
            pending=True,
            job=job.number,
        )
    told = f"Job {job.number} ({job.kind}) moves the database."
    return GateAnswer(
        open=False,
        code="moving",
        told=told,
        heads=database.heads,
        read_at=database.heads_read_at,
        pending=True,
        job=job.number,
    )


async def _read(session: Session, database: Database, wanted: Wanted) -> tuple[bool, bool]:
    """Whether what was read is fresh enough, and whether a reading is under way; asks for one where it is needed."""
    if not database.trusted:
        return False, True  # the sweeper has it read until it is
    read_at = database.heads_read_at
    if database.heads is not None and read_at is not None and now() - read_at <= wanted.max_age:
        return True, False
    if database.read_state in ("waiting", "running"):
        return False, True
    asked = await session.execute(
        update(Database)
        .where(
            Database.id == database.id,
            or_(
                Database.read_state == "idle",
                (Database.read_state == "failed")
                & or_(
                    Database.read_requested_at.is_(None),
                    Database.read_requested_at < func.clock_timestamp() - _FAILED_AGAIN,
                ),
            ),
        )
        .values(read_state="waiting", read_requested_at=func.clock_timestamp())
        .returning(Database.id)
        .execution_options(synchronize_session=False)
    )
    if asked.scalar_one_or_none() is None:
        await session.refresh(database)
        return False, database.read_state in ("waiting", "running")
    ring_after_commit(session, Ring(READ_DATABASE, database.id))
    notice_after_commit(session, database.organization_id, database.project_id, About.DATABASES)
    return False, True


def _place(database: Database, fresh: bool, pending: bool) -> GateAnswer:
    known = GateAnswer(
        open=False,
        code="reading",
        told="The database is being read.",
        heads=database.heads,
        read_at=database.heads_read_at,
        fresh=fresh,
        pending=pending,
    )
    if fresh or (pending and database.trusted):
        return known
    if not database.trusted:
        return replace(
            known, code="untrusted", told="A job was lost here: where it stands is known once it is read again."
        )
    error = database.read_error or {}
    why = f"{error.get('title', '')} {error.get('detail', '')}".strip()
    return replace(known, code="unreachable", told=f"The database could not be read. {why}".strip())


def _targets(graph: Graph, heads: Sequence[str], revision: str | None) -> tuple[str, ...] | None:
    """The revisions that must be there; None where the commit does not know the one that is named."""
    if revision is None or revision in _HEADS:
        return graph.effective_heads
    if revision in graph or revision in heads:
        return (revision,)
    found = [key for key in graph.revisions if key.startswith(revision)] if len(revision) >= 4 else []
    return (found[0],) if len(found) == 1 else None


async def _applied(
    session: Session, actor: Actor, project: Project, graphs: list[Graph], heads: Sequence[str]
) -> set[str]:
    """Everything below the heads, each by a commit that knows it: the database may be ahead of the asked one."""
    newest = await newest_commit(session, actor, project)
    if newest is not None:
        graphs = [*graphs, graph_of(newest)]
    found: set[str] = set(heads)
    traced = 0
    for head in heads:
        knowing = next((graph for graph in graphs if head in graph), None)
        if knowing is None and traced < _TRACED:
            traced += 1
            trace = await trace_of(session, actor, project, head)
            knowing = graph_of(trace.commit) if trace else None
        if knowing is not None:
            found |= set(knowing.ancestors([head]))
    return found


def _names(revisions: Sequence[str]) -> str:
    return ", ".join(revisions) or "base"
