"""Asking for a draft, looking at it, and having it pushed as a branch."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func

from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.drafts.models import Draft, DraftKind, DraftState
from stillroom_core.drafts.repository import DraftRepository
from stillroom_core.drafts.words import branch_for, check_branch, check_message, check_rev_id
from stillroom_core.errors import Conflict, Invalid
from stillroom_core.jobs.queue import PUSH_DRAFT, WRITE_DRAFT, Ring, ring_after_commit
from stillroom_core.keys import new_key
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import required_commit
from stillroom_core.projects.traces import trace_of
from stillroom_core.revisions.graph import Graph

_RESTORED = "Restore the revision {revision}"


async def list_drafts(
    session: Session, actor: Actor, project: Project, *, before: UUID | None, limit: int
) -> Sequence[Draft]:
    """The project's drafts without their text, the latest first, after the cursor."""
    return await DraftRepository(session, actor.organization_id).listing(project.id, before=before, limit=limit)


async def find_draft(session: Session, actor: Actor, project: Project, key: UUID, *, held: bool = False) -> Draft:
    """One draft; raises NotFound."""
    return await DraftRepository(session, actor.organization_id).by_id(project.id, key, held=held)


async def ask_for_draft(
    session: Session,
    actor: Actor,
    project: Project,
    *,
    kind: DraftKind,
    message: str,
    rev_id: str | None,
    heads: Sequence[str] | None,
    database: Database | None,
    restore: str | None,
) -> Draft:
    """Asks a worker to write a revision on top of the project's newest commit.

    `heads` is what it follows, by default every head for a merge and the only one otherwise. `restore` is the id of
    a revision that an earlier commit had. Raises Invalid or Conflict for what Alembic would refuse.
    """
    commit = await required_commit(session, actor, project)
    graph = graph_of(commit)
    source = None
    if kind is DraftKind.RESTORE:
        source = await _source(session, actor, project, graph, restore or "")
        message = _RESTORED.format(revision=source["revision"])
    draft = Draft(
        id=new_key(),
        project_id=project.id,
        actor_id=actor.user_id,
        actor_name=actor.name,
        kind=kind.value,
        message=message if source else check_message(message),
        rev_id=None if source else _free_id(graph, check_rev_id(rev_id)),
        heads=[] if source else _followed(graph, kind, heads),
        database_id=_compared(kind, database),
        source=source,
        commit_id=commit.id,
        commit_sha=commit.sha,
        ref=commit.ref,
        state=DraftState.WAITING.value,
        requested_at=func.clock_timestamp(),
    )
    draft.branch = branch_for(kind.value, draft.message, str(draft.id)[-6:])
    DraftRepository(session, actor.organization_id).add(draft)
    await session.flush()
    ring_after_commit(session, Ring(WRITE_DRAFT, draft.id))
    return draft


def request_push(session: Session, actor: Actor, project: Project, draft: Draft, branch: str) -> None:
    """Asks a worker to push a draft as a branch, with the actor as its author.

    Raises Conflict where there is nothing to push, and Invalid for the branch that jobs run from, unless the
    project allows it.
    """
    if draft.state != DraftState.READY:
        raise Conflict(
            "draft_not_ready",
            "There is nothing to push yet, or it was pushed already.",
            detail=f"The draft is {draft.state}.",
            fix="Look at the draft; write another one if this one is of no use.",
        )
    branch = check_branch(branch)
    if branch == project.git_ref and not project.direct_push:
        raise Invalid(
            "default_branch",
            f"Jobs run from {branch}, and this project allows no pushes to it from here.",
            fix="Push to a branch of its own and merge it as usual, or allow it in the project's settings.",
            fields={"branch": "jobs run from it"},
        )
    draft.branch = branch
    draft.actor_id, draft.actor_name = actor.user_id, actor.name
    draft.state = DraftState.PUSH_WAITING.value
    draft.error = None
    draft.requested_at = func.clock_timestamp()
    draft.touched_at = func.now()
    ring_after_commit(session, Ring(PUSH_DRAFT, draft.id))


async def discard_draft(session: Session, actor: Actor, draft: Draft) -> None:
    """Forgets a draft."""
    await DraftRepository(session, actor.organization_id).delete(draft)


async def _source(session: Session, actor: Actor, project: Project, graph: Graph, revision: str) -> dict[str, Any]:
    if revision in graph:
        raise Conflict(
            "revision_is_there",
            f"The newest commit has the revision {revision}.",
            fix="Reload the page: it was put back in the meantime.",
        )
    trace = await trace_of(session, actor, project, revision)
    if trace is None or not trace.path:
        raise Invalid(
            "no_trace",
            f"No commit that was read had the revision {revision}.",
            fix="Look for it in the branches of the repository, and fetch the one that has it.",
            fields={"restore": "not known"},
        )
    return {"revision": revision, "sha": trace.commit.sha, "path": trace.path}


def _followed(graph: Graph, kind: DraftKind, heads: Sequence[str] | None) -> list[str]:
    """The heads that a new revision follows, as Alembic would take them; raises Invalid or Conflict."""
    if graph.broken:
        raise Conflict(
            "graph_broken_for_draft",
            "Alembic writes nothing while the revisions do not fit together.",
            detail="; ".join(problem.detail for problem in graph.problems if problem.fatal)[:500],
            fix="Mend the history first: restore the missing file, or correct the one that is named.",
        )
    chosen = list(dict.fromkeys(heads)) if heads else list(graph.heads)
    if stray := [key for key in chosen if key not in graph.heads]:
        raise Invalid(
            "not_a_head",
            f"Not a head of the newest commit: {', '.join(stray)[:200]}.",
            fix="A new revision follows heads only; choose among those.",
            fields={"heads": "not a head"},
        )
    if kind is DraftKind.MERGE and len(chosen) < 2:
        raise Conflict("one_head", "There is only one head: nothing to merge.", fix="Reload the page.")
    if kind is not DraftKind.MERGE and len(chosen) > 1:
        raise Invalid(
            "several_heads",
            f"There are {len(chosen)} heads.",
            fix="Choose the one that the revision follows, or merge them first.",
            fields={"heads": "choose one"},
        )
    return chosen


def _free_id(graph: Graph, rev_id: str | None) -> str | None:
    if rev_id is not None and rev_id in graph:
        raise Invalid(
            "rev_id_taken",
            f"There is a revision {rev_id} already.",
            fix="Choose another id, or leave it to Alembic.",
            fields={"rev_id": "taken"},
        )
    return rev_id


def _compared(kind: DraftKind, database: Database | None) -> UUID | None:
    if kind is not DraftKind.AUTOGENERATE:
        return None
    if database is None:
        raise Invalid(
            "no_database_to_compare",
            "Which database are the models compared with?",
            fix="Choose one that stands at the newest revision.",
            fields={"database": "required"},
        )
    return database.id
