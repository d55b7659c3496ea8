"""Upgrades that a rule starts: whose turn it is, what becomes of it, and what is told of it."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, exists, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.repository import actor_in
from stillroom_core.approvals.repository import PlacedRequest
from stillroom_core.approvals.service import Move, start_or_ask
from stillroom_core.audit.service import Subject, write_found
from stillroom_core.automatic.models import AutomaticUpgrade
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.errors import Conflict, Forbidden, NotFound, StillroomError
from stillroom_core.happenings.kinds import Happening
from stillroom_core.happenings.telling import emit
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.repository import OPEN
from stillroom_core.jobs.rights import check_may_ask
from stillroom_core.keys import new_key
from stillroom_core.members.models import Membership, User
from stillroom_core.plans.service import knows_heads
from stillroom_core.projects.graphs import graph_of
from stillroom_core.projects.models import Commit, Project
from stillroom_core.tables import now

AGAIN = timedelta(seconds=20)
# A window may open days from now; its setting may change any hour.
_LONGEST = timedelta(hours=1)
_MOST = 50
# What passes by itself: anything else stays refused until there is another commit.
_PASSES = frozenset(
    {
        "window_closed",
        "frozen",
        "predecessor_missing",
        "database_not_read",
        "database_busy",
        "fetch_failed",
        "not_fetched",
    }
)


@dataclass(frozen=True)
class Due:
    """A database that its environment's rule is about, and the commit that it has not been brought to."""

    organization_id: UUID
    database_id: UUID
    commit_id: UUID


async def due_upgrades(session: Session) -> list[Due]:
    """Of all organizations: databases whose rule has not dealt with the project's newest commit yet."""
    rows = await session.execute(
        select(Database.organization_id, Database.id, Project.commit_id)
        .join(Environment, Environment.id == Database.environment_id)
        .join(Project, Project.id == Database.project_id)
        .outerjoin(
            AutomaticUpgrade,
            (AutomaticUpgrade.database_id == Database.id) & (AutomaticUpgrade.commit_id == Project.commit_id),
        )
        .where(
            Environment.auto_upgrade,
            Project.commit_id.is_not(None),
            or_(
                AutomaticUpgrade.id.is_(None),
                (AutomaticUpgrade.state == "waiting") & (AutomaticUpgrade.next_try_at <= func.clock_timestamp()),
            ),
        )
        # Earlier environments first: the next one may take only what they ran.
        .order_by(AutomaticUpgrade.next_try_at.nulls_first(), Environment.position, Database.id)
        .limit(_MOST)
    )
    return [Due(organization, database, commit) for organization, database, commit in rows if commit is not None]


async def begin_upgrade(session: Session, due: Due) -> None:
    """Deals with one: queues its job or asks for approval; what another process deals with is left to that.

    Raises what stands in the way as StillroomError: roll back, and call `tell_refusal`.
    """
    row = await _held(session, due)
    if row is None:
        return
    database = await session.get_one(Database, due.database_id)
    environment = await session.get_one(Environment, database.environment_id)
    project = await session.get_one(Project, database.project_id)
    commit = await session.get_one(Commit, due.commit_id)
    if project.commit_id != commit.id or not environment.auto_upgrade:
        return
    row.tries += 1
    row.problem, row.next_try_at = None, None
    if _is_current(database, commit):
        row.state = "current"
        return
    if await _is_busy(session, database):
        raise Conflict("database_busy", "Another job runs or waits on this database.")
    actor = await _rule_maker(session, environment)
    check_may_ask(actor, environment, JobKind.UPGRADE)
    move = Move(
        project=project,
        environment=environment,
        database=database,
        kind=JobKind.UPGRADE,
        revision="head",
        reason=f"By the rule of {environment.name}: commit {commit.sha[:12]} {commit.subject}"[:500],
        idempotency_key=f"rule:{due.database_id}:{due.commit_id}",
    )
    made = await start_or_ask(session, actor, move)
    if isinstance(made, PlacedRequest):
        row.state, row.request_id = "asked", made.request.id
    else:
        row.state, row.job_id = "started", made.job.id
    await session.flush()


async def tell_refusal(session: Session, due: Due, refusal: StillroomError) -> None:
    """Keeps why nothing was started; what passes by itself is tried again, the rest is told once and for all."""
    row = await _held(session, due)
    if row is None:
        return
    waits = refusal.code in _PASSES
    news = row.problem is None or row.problem.get("code") != refusal.code
    row.tries += 1
    row.problem = refusal.as_dict()
    row.state = "waiting" if waits else "refused"
    row.next_try_at = _next_try(refusal) if waits else None
    await session.flush()
    if waits and not news:
        return
    database = await session.get_one(Database, due.database_id)
    environment = await session.get_one(Environment, database.environment_id)
    subject = Subject(
        kind="database",
        id=str(database.id),
        name=f"{environment.slug}/{database.name}",
        project_id=database.project_id,
        database_id=database.id,
    )
    after = {"commit": row.commit_sha, "state": row.state, "why": refusal.code}
    await write_found(session, due.organization_id, f"rule.{row.state}", subject, {}, after)
    if not waits:
        await emit(
            session,
            Happening.RULE_REFUSED,
            organization_id=due.organization_id,
            project_id=database.project_id,
            environment_id=environment.id,
            database_id=database.id,
            text=f"{refusal.title} {refusal.detail}".strip(),
            data={"commit": row.commit_sha, "code": refusal.code, "fix": refusal.fix},
        )


async def latest_upgrades(
    session: Session, actor: Actor, environment: Environment, *, limit: int = 20
) -> Sequence[tuple[AutomaticUpgrade, Database]]:
    """What the rule did lately, the newest first."""
    rows = await session.execute(
        select(AutomaticUpgrade, Database)
        .join(Database, Database.id == AutomaticUpgrade.database_id)
        .where(AutomaticUpgrade.organization_id == actor.organization_id, Database.environment_id == environment.id)
        .order_by(AutomaticUpgrade.id.desc())
        .limit(limit)
    )
    return [(row, database) for row, database in rows]


async def rule_maker_name(session: Session, environment: Environment) -> str | None:
    """Who answers for the rule; None where they do not belong to the organization any more."""
    return await session.scalar(
        select(User.name)
        .join(Membership, Membership.user_id == User.id)
        .where(User.id == environment.auto_upgrade_by, Membership.organization_id == environment.organization_id)
    )


async def _held(session: Session, due: Due) -> AutomaticUpgrade | None:
    """The row of this database and commit, made where it was missing; None where it is dealt with already."""
    commit = await session.get(Commit, due.commit_id)
    if commit is None:
        return None
    await session.execute(
        insert(AutomaticUpgrade)
        .values(
            id=new_key(),
            organization_id=due.organization_id,
            database_id=due.database_id,
            commit_id=due.commit_id,
            commit_sha=commit.sha,
            state="waiting",
            next_try_at=now(),
        )
        .on_conflict_do_nothing()
    )
    # What waited for an earlier commit waits for nothing any more.
    await session.execute(
        delete(AutomaticUpgrade).where(
            AutomaticUpgrade.database_id == due.database_id,
            AutomaticUpgrade.commit_id != due.commit_id,
            AutomaticUpgrade.state == "waiting",
        )
    )
    found: AutomaticUpgrade | None = await session.scalar(
        select(AutomaticUpgrade)
        .where(
            AutomaticUpgrade.database_id == due.database_id,
            AutomaticUpgrade.commit_id == due.commit_id,
            AutomaticUpgrade.state == "waiting",
            AutomaticUpgrade.next_try_at <= func.clock_timestamp(),
        )
        .with_for_update(skip_locked=True)
    )
    return found


def _is_current(database: Database, commit: Commit) -> bool:
    if not knows_heads(database) or not commit.complete:
        return False
    graph = graph_of(commit)
    return set(database.heads or ()) in (set(graph.heads), set(graph.effective_heads))


async def _is_busy(session: Session, database: Database) -> bool:
    return bool(await session.scalar(select(exists().where(Job.database_id == database.id, Job.state.in_(OPEN)))))


async def _rule_maker(session: Session, environment: Environment) -> Actor:
    """Whoever set the rule, with what they may do today."""
    person = await session.get(User, environment.auto_upgrade_by) if environment.auto_upgrade_by else None
    if person is not None and person.disabled_at is None:
        with suppress(NotFound):
            return await actor_in(session, person, key=environment.organization_id, even_barred=True)
    raise Forbidden(
        "rule_without_owner",
        "Whoever set this rule does not belong to the organization any more.",
        fix="Somebody who may upgrade here switches it off and on again: then it acts for them.",
    )


def _next_try(refusal: StillroomError) -> datetime:
    until = refusal.params.get("until")
    soon, last = now() + AGAIN, now() + _LONGEST
    if not isinstance(until, str):
        return soon
    return max(soon, min(last, datetime.fromisoformat(until)))
