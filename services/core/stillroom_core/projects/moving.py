"""Moving a project to another organization: its history goes along, whatever let somebody in stays behind.

Roles, tokens, trusts, webhooks and secrets were given by the organization that has it now; the one that takes it gives
its own. Secrets above all: who administers there was never told them, and could use them all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Table, delete, func, or_, select, text, update

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.actors.repository import actors_of
from stillroom_core.approvals.models import WAITING, ApprovalDecision, ApprovalRequest
from stillroom_core.audit.service import Subject, record, write_elsewhere
from stillroom_core.automatic.models import AutomaticUpgrade
from stillroom_core.catalogues.models import Catalogue
from stillroom_core.catalogues.repository import hand_over_objects
from stillroom_core.changes.models import SchemaChange
from stillroom_core.database import Session
from stillroom_core.databases.client_certificate import take_client_certificate
from stillroom_core.databases.models import Database
from stillroom_core.drafts.models import Draft
from stillroom_core.environments.models import Environment
from stillroom_core.environments.tunnel import forget_tunnel_key
from stillroom_core.errors import Conflict, Invalid, not_found
from stillroom_core.freezes.models import Freeze
from stillroom_core.groups.models import GroupRole
from stillroom_core.jobs.models import Job, JobEvent, JobStep
from stillroom_core.jobs.repository import OPEN
from stillroom_core.live.notices import About, notice_after_commit, rights_changed
from stillroom_core.masks.models import Mask
from stillroom_core.members.models import EnvironmentMembership, ProjectMembership, User
from stillroom_core.notifications.models import NotificationChoice
from stillroom_core.organizations.models import Organization
from stillroom_core.plans.models import Plan
from stillroom_core.projects.models import Commit, Project, RevisionSource
from stillroom_core.projects.repository import ProjectRepository
from stillroom_core.queries.models import SavedQuery
from stillroom_core.samples.models import Sample
from stillroom_core.setups.models import Setup
from stillroom_core.tables import now
from stillroom_core.tenancy import everything, narrow
from stillroom_core.tokens.models import ApiToken
from stillroom_core.trusts.models import Trust
from stillroom_core.webhooks.models import Webhook
from stillroom_core.writes.models import Write

_JOBS = select(Job.id)
_DATABASES = select(Database.id)

# What goes along: each table with how its rows are found by the project. A test walks the references of all tables, so
# that a new one cannot be forgotten. Jobs go by themselves, because they get new numbers.
GOES_ALONG: dict[type[Any], Any] = {
    Project: lambda key: Project.id == key,
    **{
        table: lambda key, table=table: table.project_id == key
        for table in (
            Commit,
            RevisionSource,
            Environment,
            Database,
            Freeze,
            Draft,
            Plan,
            ApprovalRequest,
            SchemaChange,
            Mask,
            SavedQuery,
        )
    },
    JobStep: lambda key: JobStep.job_id.in_(_JOBS.where(Job.project_id == key)),
    JobEvent: lambda key: JobEvent.job_id.in_(_JOBS.where(Job.project_id == key)),
    Sample: lambda key: Sample.database_id.in_(_DATABASES.where(Database.project_id == key)),
    Catalogue: lambda key: Catalogue.database_id.in_(_DATABASES.where(Database.project_id == key)),
    Write: lambda key: Write.database_id.in_(_DATABASES.where(Database.project_id == key)),
    AutomaticUpgrade: lambda key: AutomaticUpgrade.database_id.in_(_DATABASES.where(Database.project_id == key)),
    ApprovalDecision: lambda key: ApprovalDecision.request_id.in_(
        select(ApprovalRequest.id).where(ApprovalRequest.project_id == key)
    ),
}
# What is for members of the organization that gives it away, and ends.
ENDS = (ProjectMembership, EnvironmentMembership, GroupRole, NotificationChoice, Setup)


@dataclass
class Left:
    """What stayed behind, in names for the audit log."""

    roles: int = 0
    tokens: list[str] = field(default_factory=list)
    trusts: list[str] = field(default_factory=list)
    webhooks: list[str] = field(default_factory=list)
    requests: int = 0
    to_enter_again: list[str] = field(default_factory=list)

    def told(self) -> dict[str, Any]:
        """Only what there was."""
        return {name: value for name, value in vars(self).items() if value}


async def move_project(
    session: Session, actor: Actor, person: User, project: Project, *, organization: str, confirmation: str
) -> tuple[Actor, Commit | None]:
    """Gives the project to another organization of the person, as whose actor it answers; with its newest commit.

    The whole is one transaction that sees both organizations. Raises Invalid unless the project's short name was typed,
    NotFound for an organization that is not the person's, Forbidden where they may not add projects there, Conflict for
    a short name that is taken there, and while a job is open or a worker reads something of the project.
    """
    if confirmation != project.slug:
        raise Invalid(
            "confirmation_wrong",
            "The short name does not match.",
            fix="Type the short name of the project that shall be moved.",
            fields={"slug": "does not match"},
        )
    taker = await _taker(session, actor, person, organization)
    here = {"organization": actor.organization_slug, "project": project.slug}
    there = {"organization": taker.organization_slug, "project": project.slug}
    async with everything(session):
        await _hold(session, actor, project)
        if await ProjectRepository(session, taker.organization_id).taken(project.slug):
            raise Conflict(
                "slug_taken",
                f"{taker.organization_name} has a project {project.slug} already.",
                fix="Give one of the two another short name first.",
                fields={"organization": "has a project of this short name"},
            )
        await _refuse_while_busy(session, project)
        left = await _leave_behind(session, project)
        await _carry(session, project.id, actor.organization_id, taker.organization_id)
        await session.refresh(project)
    rights_changed(session)
    for organization_id in (actor.organization_id, taker.organization_id):
        notice_after_commit(session, organization_id, project.id, *About)
    subject = Subject(kind="project", id=str(project.id), name=project.slug, project_id=project.id)
    await narrow(session, taker.organization_id)
    commit = None
    if project.commit_id is not None:
        commit = await ProjectRepository(session, taker.organization_id).commit(project.commit_id)
    await write_elsewhere(session, taker, "project.receive", subject, here, there)
    await narrow(session, actor.organization_id)
    record(session, actor, "project.move", subject, here, {**there, "left": left.told()})
    return taker, commit


async def _taker(session: Session, actor: Actor, person: User, organization: str) -> Actor:
    """The person in the organization that takes it, where they may add projects."""
    found = next((one for one in await actors_of(session, person) if one.organization_slug == organization), None)
    if found is None:
        raise not_found("organization")
    if found.organization_id == actor.organization_id:
        raise Invalid(
            "same_organization",
            "The project is in this organization already.",
            fix="Choose another organization.",
            fields={"organization": "has it already"},
        )
    found.check(Permission.PROJECT_CREATE)
    return found


async def _hold(session: Session, actor: Actor, project: Project) -> None:
    """Nothing of it changes or is added until the end: whoever refers to one of these rows waits for our commit.

    Raises NotFound where it was moved or deleted by somebody whom this waited for.
    """
    # One move at a time: two in opposite directions would wait for each other's organization.
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended("project.move", 0))))
    mine = select(Project.id).where(Project.id == project.id, Project.organization_id == actor.organization_id)
    if await session.scalar(mine.with_for_update()) is None:
        raise not_found("project")
    for query in (
        select(Environment.id).where(Environment.project_id == project.id).order_by(Environment.id),
        select(Database.id).where(Database.project_id == project.id).order_by(Database.id),
    ):
        await session.execute(query.with_for_update())
    await session.refresh(project)


async def _refuse_while_busy(session: Session, project: Project) -> None:
    number = await session.scalar(
        select(Job.number).where(Job.project_id == project.id, Job.state.in_(OPEN)).order_by(Job.id).limit(1)
    )
    if number is not None:
        raise Conflict(
            "jobs_open",
            f"Job #{number} of this project waits or runs.",
            fix="Wait for it to end, or cancel it, and try again.",
        )
    reading = select(Database.id).where(Database.project_id == project.id, Database.read_state == "running")
    writing = select(Draft.id).where(Draft.project_id == project.id, Draft.state.in_(("running", "pushing")))
    if project.fetch_state == "running" or await session.scalar(select(or_(reading.exists(), writing.exists()))):
        raise Conflict(
            "project_busy",
            "A worker is reading this project, or a database of it.",
            fix="Try again in a few seconds.",
        )


async def _leave_behind(session: Session, project: Project) -> Left:
    left = Left()
    for table in (ProjectMembership, EnvironmentMembership, GroupRole):
        found = await session.scalar(select(func.count()).select_from(table).where(table.project_id == project.id))
        left.roles += found or 0
    for ending in ENDS:
        await session.execute(delete(ending).where(ending.project_id == project.id))
    await _end_keys(session, project, left)
    left.requests = await _close_requests(session, project.id)
    await _forget_secrets(session, project, left)
    await session.flush()
    return left


async def _end_keys(session: Session, project: Project, left: Left) -> None:
    """What names this project alone ends; of what names others too, it is struck out, also for a way back."""
    key, moment = str(project.id), now()

    async def naming(table: type[ApiToken | Trust | Webhook]) -> Sequence[Any]:
        mine = (table.organization_id == project.organization_id, table.project_ids.contains([key]))
        return (await session.scalars(select(table).where(*mine).order_by(table.id))).all()

    for token in await naming(ApiToken):
        if token.trust_id is None and token.revoked_at is None:
            left.tokens.append(token.name)
        if token.project_ids == [key]:
            token.revoked_at = token.revoked_at or moment
        token.project_ids = [one for one in token.project_ids if one != key]
    for table, names in ((Trust, left.trusts), (Webhook, left.webhooks)):
        for row in await naming(table):
            names.append(row.name)
            if row.project_ids == [key]:
                await session.delete(row)
            else:
                row.project_ids = [one for one in row.project_ids if one != key]


async def _close_requests(session: Session, project_id: UUID) -> int:
    closed = await session.execute(
        update(ApprovalRequest)
        .where(ApprovalRequest.project_id == project_id, ApprovalRequest.state.in_(WAITING))
        .values(state="void", closed_at=now(), ended={"code": "project_moved", "sentences": []})
        .returning(ApprovalRequest.id)
        .execution_options(synchronize_session=False)
    )
    # A plan was made by somebody there for a policy of theirs.
    await session.execute(
        update(Plan)
        .where(Plan.project_id == project_id, Plan.applied.is_(False))
        .values(expires_at=func.least(Plan.expires_at, now()))
        .execution_options(synchronize_session=False)
    )
    await session.execute(
        delete(AutomaticUpgrade).where(GOES_ALONG[AutomaticUpgrade](project_id), AutomaticUpgrade.state == "waiting")
    )
    return len(closed.all())


async def _forget_secrets(session: Session, project: Project, left: Left) -> None:
    if project.credential_sealed is not None:
        left.to_enter_again.append("git")
    if project.hook_sealed is not None:
        left.to_enter_again.append("push hook")
    project.credential_sealed = project.credential_set_at = None
    project.hook_sealed = project.hook_set_at = project.hook_came_at = project.hook_said = None
    places = {
        row.id: row for row in await session.scalars(select(Environment).where(Environment.project_id == project.id))
    }
    for place in places.values():
        sealed = [f"variable {one['name']}" for one in place.variables if "sealed" in one]
        sealed += [f"file {one['path']}" for one in place.files]
        left.to_enter_again += [f"{place.slug}: {name}" for name in sealed]
        place.variables = [one for one in place.variables if "sealed" not in one]
        place.files = []
        if place.tunnel_key_sealed is not None:
            left.to_enter_again.append(f"{place.slug}: key for the SSH server")
        forget_tunnel_key(place)
        # The group is of the one, and the rule acts for a person of the one.
        place.approver_group_id = place.auto_upgrade_by = None
        place.auto_upgrade = False
    for row in await session.scalars(select(Database).where(Database.project_id == project.id)):
        if row.password_sealed is not None:
            left.to_enter_again.append(f"{places[row.environment_id].slug}: password of {row.name}")
        if row.client_key_sealed is not None:
            left.to_enter_again.append(f"{places[row.environment_id].slug}: client certificate of {row.name}")
        row.password_sealed = row.password_set_at = None
        take_client_certificate(row, {"client_certificate": None})


async def _carry(session: Session, project_id: UUID, giver: UUID, taker: UUID) -> None:
    # References lead to both organizations between the statements, and are judged together at the end.
    await session.execute(text("set constraints all deferred"))
    await hand_over_objects(session, project_id, giver, taker)
    await _renumber(session, project_id, taker)
    for table, of_project in GOES_ALONG.items():
        await _rewrite(session, table.__table__, of_project(project_id), taker)
    await session.execute(text("set constraints all immediate"))
    session.expire_all()


async def _rewrite(session: Session, table: Table, condition: ColumnElement[bool], taker: UUID) -> None:
    values: dict[str, Any] = {"organization_id": taker}
    if "idempotency_key" in table.c:
        values["idempotency_key"] = None  # unique in an organization, and of a program that has no token any more
    await session.execute(update(table).where(condition).values(values))


async def _renumber(session: Session, project_id: UUID, taker: UUID) -> None:
    """Jobs are numbered in an organization: they follow its last one, in their order."""
    place = Job.project_id == project_id
    count = await session.scalar(select(func.count()).select_from(Job).where(place)) or 0
    last = await session.scalar(
        update(Organization)
        .where(Organization.id == taker)
        .values(last_job_number=Organization.last_job_number + count)
        .returning(Organization.last_job_number)
        .execution_options(synchronize_session=False)
    )
    order = select(Job.id, func.row_number().over(order_by=Job.number).label("at")).where(place).subquery()
    await session.execute(
        update(Job)
        .where(Job.id == order.c.id)
        .values(organization_id=taker, number=(last or 0) - count + order.c.at, idempotency_key=None)
        .execution_options(synchronize_session=False)
    )
