"""Reads and writes the plans of one organization."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import delete, exists, or_, select, update
from sqlalchemy.orm import defer

from stillroom_core.approvals.models import ApprovalRequest
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.errors import not_found
from stillroom_core.jobs.models import Job
from stillroom_core.plans.models import Plan
from stillroom_core.projects.models import Commit, Project
from stillroom_core.tables import now


@dataclass(frozen=True)
class PlacedPlan:
    """A plan with where it applies, and the job that applied it."""

    plan: Plan
    project: Project
    environment: Environment
    database: Database
    commit: Commit
    job: Job | None


class PlanRepository:
    """The plans of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def by_id(self, key: UUID) -> PlacedPlan:
        """One plan; raises NotFound."""
        row = (
            await self._session.execute(
                select(Plan, Project, Environment, Database, Commit, Job)
                .join(Project, Project.id == Plan.project_id)
                .join(Environment, Environment.id == Plan.environment_id)
                .join(Database, Database.id == Plan.database_id)
                .join(Commit, Commit.id == Plan.commit_id)
                .options(defer(Commit.graph, raiseload=True), defer(Commit.files, raiseload=True))
                .outerjoin(Job, (Job.organization_id == Plan.organization_id) & (Job.plan_id == Plan.id))
                .where(Plan.id == key, Plan.organization_id == self._organization_id)
            )
        ).one_or_none()
        if row is None:
            raise not_found("plan")
        return PlacedPlan(*row)

    async def held(self, key: UUID) -> Plan:
        """One plan, held until the transaction ends, so that only one request can apply it; raises NotFound."""
        found = await self._session.scalar(
            select(Plan).where(Plan.id == key, Plan.organization_id == self._organization_id).with_for_update()
        )
        if found is None:
            raise not_found("plan")
        return found

    async def job_that_applied(self, key: UUID) -> Job | None:
        """The job that applied a plan."""
        found: Job | None = await self._session.scalar(
            select(Job).where(Job.plan_id == key, Job.organization_id == self._organization_id)
        )
        return found

    def add(self, plan: Plan) -> None:
        """Adds a plan of this organization."""
        plan.organization_id = self._organization_id
        self._session.add(plan)


async def forget_expired(session: Session) -> None:
    """Deletes, for every organization, the plans that expired, that no job applied and nobody asked others for."""
    applied = or_(
        exists().where(Job.organization_id == Plan.organization_id, Job.plan_id == Plan.id),
        exists().where(ApprovalRequest.organization_id == Plan.organization_id, ApprovalRequest.plan_id == Plan.id),
    )
    expired = (~Plan.applied, Plan.expires_at < now())
    await session.execute(update(Plan).where(*expired, applied).values(applied=True))
    await session.execute(delete(Plan).where(*expired, ~applied))
