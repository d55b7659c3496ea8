"""Making plans, finding them, and giving the one that a job applies."""

from typing import Any
from uuid import UUID

from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.errors import Conflict, Invalid, not_found
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.plans.basis import Basis, differences, stale
from stillroom_core.plans.draft import draft
from stillroom_core.plans.models import Plan
from stillroom_core.plans.repository import PlacedPlan, PlanRepository
from stillroom_core.projects.models import Commit, Project
from stillroom_core.projects.repository import ProjectRepository
from stillroom_core.projects.service import required_commit
from stillroom_core.tables import now

TAKES_REVISION = frozenset({JobKind.UPGRADE, JobKind.DOWNGRADE, JobKind.STAMP})


async def make_plan(
    session: Session,
    actor: Actor,
    *,
    project: Project,
    environment: Environment,
    database: Database,
    kind: JobKind,
    revision: str | None,
    commit_sha: str | None = None,
) -> PlacedPlan:
    """Plans a move of one database on the project's newest commit, or on one that is named, and stores the plan.

    Raises Conflict while the project was not fetched or the database not read, Invalid or Conflict for a target
    that cannot be reached from where the database stands, Invalid for a commit that was never read.
    """
    check_revision_given(kind, revision)
    if not knows_heads(database):
        raise Conflict(
            "database_not_read",
            "Where this database stands is not known yet.",
            detail=(database.read_error or {}).get("title", ""),
            fix="Correct its connection if the last reading failed; else wait for the next one, which comes by itself.",
        )
    chosen = await _chosen_commit(session, actor, project, kind, commit_sha) if commit_sha else None
    commit = chosen or await required_commit(session, actor, project)
    made = await new_plan(
        session, actor, project, environment, database, commit, kind, revision, commit_chosen=chosen is not None
    )
    return PlacedPlan(made, project, environment, database, commit, None)


async def find_plan(session: Session, actor: Actor, key: UUID) -> PlacedPlan:
    """One plan; NotFound when absent or in a project that the actor does not see."""
    placed = await PlanRepository(session, actor.organization_id).by_id(key)
    if not actor.sees_project(placed.plan.project_id):
        raise not_found("plan")
    return placed


async def named_plan(
    session: Session,
    actor: Actor,
    key: UUID,
    *,
    project: Project,
    environment: Environment,
    database: Database,
    kind: JobKind,
    revision: str | None,
) -> Plan:
    """The plan that somebody confirmed, held for the job that applies it in this transaction.

    Raises NotFound, Invalid where the plan is of another place or move than the request, and Conflict where it
    was applied already (`plan_applied`), is too old (`plan_expired`) or no longer holds (`plan_stale`).
    """
    repository = PlanRepository(session, actor.organization_id)
    found = await repository.held(key)
    if found.project_id != project.id:
        raise not_found("plan")
    _check_same(found, environment, database, kind, revision)
    if applied := await repository.job_that_applied(key):
        raise Conflict(
            "plan_applied",
            f"Job #{applied.number} has applied this plan already.",
            fix="Look at that job; plan again for another one.",
            params={"job": str(applied.id), "number": applied.number},
        )
    if found.expires_at <= now():
        raise Conflict("plan_expired", "The plan is too old.", fix="Plan again, look at the steps, and confirm those.")
    if not knows_heads(database):
        raise Conflict(
            "database_not_read",
            "Where this database stands is not known any more.",
            fix="Wait until it was read again, which happens by itself, and plan again.",
        )
    commit = await commit_of_plan(session, actor, project, found)
    present = Basis.now(
        project, environment, database, commit, kind, database.heads or [], database.version_tables or []
    )
    if moved := differences(Basis.of_plan(found), present):
        raise stale(moved)
    return found


async def commit_of_plan(session: Session, actor: Actor, project: Project, plan: Plan) -> Commit:
    """The commit that a plan has to be of to hold: the project's newest one, unless another was chosen for it."""
    if plan.commit_chosen:
        return await ProjectRepository(session, actor.organization_id).commit(plan.commit_id)
    return await required_commit(session, actor, project)


async def new_plan(
    session: Session,
    actor: Actor,
    project: Project,
    environment: Environment,
    database: Database,
    commit: Commit,
    kind: JobKind,
    revision: str | None,
    *,
    commit_chosen: bool = False,
) -> Plan:
    """A stored plan from the heads that are known."""
    made = await draft(
        project,
        environment,
        database,
        commit,
        kind,
        revision,
        heads=database.heads or [],
        version_tables=database.version_tables or [],
        commit_chosen=commit_chosen,
    )
    made.actor_id = actor.user_id
    made.actor_name = actor.name
    PlanRepository(session, actor.organization_id).add(made)
    await session.flush()
    return made


def knows_heads(database: Database) -> bool:
    """Whether the row says where the database stands: it was read, and nobody was lost since."""
    return database.heads is not None and database.trusted


def check_revision_given(kind: JobKind, revision: str | None) -> None:
    """Raises Invalid where a move has no target."""
    if kind in TAKES_REVISION and not revision:
        raise Invalid(
            "revision_missing",
            "Which revision is meant?",
            fix="Give a revision id, head, heads, base, or a relative one such as +1 or -1.",
            fields={"revision": "required"},
        )


async def _chosen_commit(session: Session, actor: Actor, project: Project, kind: JobKind, sha: str) -> Commit:
    if kind is not JobKind.DOWNGRADE:
        raise Invalid(
            "commit_only_for_downgrade",
            "Only a downgrade can be planned with the code of an earlier commit.",
            detail="It is for revisions that the newest commit has no more, and that a database still has.",
            fix="Leave the commit out; to migrate to another state of the code, change the project's ref.",
            fields={"commit": "not for this kind"},
        )
    found = await ProjectRepository(session, actor.organization_id).commit_of(project, sha)
    if found is None:
        raise Invalid(
            "commit_not_read",
            f"The commit {sha[:12]} was never read for this project as it is configured now.",
            fix="Name the full sha of a commit that the project stood at since; a revision's trace has it.",
            fields={"commit": "never read"},
        )
    return found


def _check_same(found: Plan, environment: Environment, database: Database, kind: JobKind, revision: str | None) -> None:
    asked: dict[str, tuple[Any, Any]] = {
        "environment": (found.environment_id, environment.id),
        "database": (found.database_id, database.id),
        "kind": (found.kind, kind.value),
        "revision": (found.revision, revision or found.revision),
    }
    other = {name: "differs from the plan" for name, (planned, given) in asked.items() if planned != given}
    if other:
        raise Invalid(
            "plan_mismatch",
            "The plan is for another move than the one asked for.",
            detail=f"They differ in: {', '.join(other)}.",
            fix="Ask for what the plan says, or plan again.",
            fields=other,
        )
