"""What an environment wants to have seen elsewhere first: "prod runs only what staging ran"."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on

from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.lifecycle import JobKind, JobState, StepState
from stillroom_core.jobs.models import Job, JobStep
from stillroom_core.plans.models import Plan
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit
from stillroom_core.projects.repository import ProjectRepository

Reason = Literal["not_run", "not_succeeded", "taken_back", "other_content", "no_database"]
_RAN = (StepState.RUNNING.value, StepState.DONE.value, StepState.FAILED.value, StepState.ROLLED_BACK.value)


@dataclass(frozen=True)
class Missing:
    """A revision that did not succeed on a database of the predecessor, and why not; without one: the whole plan."""

    revision: str | None
    message: str
    database: str | None
    reason: Reason


@dataclass(frozen=True)
class Precedence:
    """The environment that must go first, and what it has not done yet."""

    environment: Environment
    missing: list[Missing]


async def precedence_of(session: Session, environment: Environment, plan: Plan, commit: Commit) -> Precedence | None:
    """What the predecessor lacks of an upgrade; None where there is none, or for moves that only lead back.

    A revision counts where its newest run there was an upgrade that succeeded, with the same file. Of a plan whose
    steps only the project's code knows, the same commit must have succeeded there as a whole.
    """
    if environment.predecessor_id is None or plan.kind not in (JobKind.UPGRADE, JobKind.COMMAND):
        return None
    first = await session.get_one(Environment, environment.predecessor_id)
    databases = (
        await session.scalars(
            select(Database)
            .where(Database.organization_id == environment.organization_id, Database.environment_id == first.id)
            .order_by(Database.name)
        )
    ).all()
    if not databases:
        return Precedence(first, [Missing(None, "", None, "no_database")])
    if plan.steps is None:
        return Precedence(first, await _whole(session, plan, databases))
    return Precedence(first, await _by_revision(session, plan, commit, databases))


async def _whole(session: Session, plan: Plan, databases: Sequence[Database]) -> list[Missing]:
    done = set(
        await session.scalars(
            select(Job.database_id).where(
                Job.organization_id == plan.organization_id,
                Job.database_id.in_([one.id for one in databases]),
                Job.kind == plan.kind,
                Job.commit_sha == plan.commit_sha,
                Job.state == JobState.SUCCEEDED.value,
            )
        )
    )
    return [Missing(None, "", one.name, "not_run") for one in databases if one.id not in done]


async def _by_revision(session: Session, plan: Plan, commit: Commit, databases: Sequence[Database]) -> list[Missing]:
    steps = plan.steps or []
    query = (
        select(Job.database_id, JobStep.revision, Job.kind, JobStep.state, Job.commit_id)
        .join(JobStep, JobStep.job_id == Job.id)
        .where(
            Job.organization_id == plan.organization_id,
            JobStep.organization_id == plan.organization_id,
            Job.database_id.in_([one.id for one in databases]),
            JobStep.kind == "revision",
            JobStep.revision.in_([step["revision"] for step in steps]),
            JobStep.state.in_(_RAN),
        )
        .ext(distinct_on(Job.database_id, JobStep.revision))
        .order_by(Job.database_id, JobStep.revision, Job.id.desc())
    )
    newest = {(row[0], row[1]): (row[2], row[3], row[4]) for row in await session.execute(query)}
    contents = await _contents(session, commit, {commit_id for _, _, commit_id in newest.values()})
    found = []
    for step in steps:
        for database in databases:
            run = newest.get((database.id, step["revision"]))
            if reason := _lacking(step["revision"], run, contents, commit.id):
                found.append(Missing(step["revision"], step["message"], database.name, reason))
    return found


def _lacking(
    revision: str,
    run: tuple[str, str, UUID] | None,
    contents: Mapping[UUID, Mapping[str, str]],
    commit_id: UUID,
) -> Reason | None:
    if run is None:
        return "not_run"
    kind, state, ran_from = run
    if kind == JobKind.DOWNGRADE:
        return "taken_back" if state == StepState.DONE else "not_succeeded"
    if state != StepState.DONE:
        return "not_succeeded"
    same = ran_from == commit_id or (
        revision in contents[commit_id] and contents.get(ran_from, {}).get(revision) == contents[commit_id][revision]
    )
    return None if same else "other_content"


async def _contents(session: Session, commit: Commit, others: Set[UUID]) -> dict[UUID, dict[str, str]]:
    """By commit: revision → digest of its file. Two queries for each commit from which some of it ran."""
    repository = ProjectRepository(session, commit.organization_id)
    found = {}
    for key in {commit.id, *others}:
        files = await repository.files(key)
        graph = graph_of(commit if key == commit.id else await repository.commit(key))
        found[key] = {
            revision.id: str(files[revision.path]["digest"])
            for revision in graph.revisions.values()
            if files.get(revision.path, {}).get("digest")
        }
    return found
