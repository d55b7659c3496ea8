"""Reads and writes the requests of one organization."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, exists, select

from stillroom_core.approvals.models import WAITING, ApprovalDecision, ApprovalRequest
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.errors import not_found
from stillroom_core.jobs.models import Job
from stillroom_core.plans.basis import CommitName
from stillroom_core.plans.models import Plan
from stillroom_core.projects.models import Commit, Project

Show = Literal["open", "mine", "decided"]


@dataclass(frozen=True)
class PlacedRequest:
    """A request with its plan, where it applies, the newest commit there, and the job that applied it."""

    request: ApprovalRequest
    plan: Plan
    project: Project
    environment: Environment
    database: Database
    job: Job | None
    commit: CommitName | None  # the newest of the project


class ApprovalRepository:
    """The requests of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def by_id(self, key: UUID) -> PlacedRequest:
        """One request; raises NotFound."""
        row = (
            await self._session.execute(
                _placed().where(ApprovalRequest.id == key, ApprovalRequest.organization_id == self._organization_id)
            )
        ).one_or_none()
        if row is None:
            raise not_found("request")
        return _of(row)

    async def hold(self, key: UUID) -> None:
        """Keeps everybody else from deciding about a request until the transaction ends, and reads it anew."""
        await self._session.execute(
            select(ApprovalRequest)
            .where(ApprovalRequest.id == key, ApprovalRequest.organization_id == self._organization_id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )

    async def listing(
        self,
        show: Show,
        *,
        user_id: UUID,
        only: Collection[UUID] | None,
        before: UUID | None,
        limit: int,
    ) -> list[PlacedRequest]:
        """Requests, newest first: those that still wait, those of one person, or those with an end; one query."""
        query = _placed().where(ApprovalRequest.organization_id == self._organization_id)
        if only is not None:
            query = query.where(ApprovalRequest.project_id.in_(only))
        if show == "mine":
            query = query.where(ApprovalRequest.actor_id == user_id)
        else:
            closed = ApprovalRequest.closed_at
            query = query.where(closed.is_(None) if show == "open" else closed.is_not(None))
        if before is not None:
            query = query.where(ApprovalRequest.id < before)
        query = query.order_by(ApprovalRequest.id.desc()).limit(limit)
        return [_of(row) for row in await self._session.execute(query)]

    async def decisions(self, requests: Collection[UUID]) -> dict[UUID, list[ApprovalDecision]]:
        """What was decided about several requests, in order; one query."""
        rows = await self._session.scalars(
            select(ApprovalDecision)
            .where(
                ApprovalDecision.organization_id == self._organization_id,
                ApprovalDecision.request_id.in_(requests),
            )
            .order_by(ApprovalDecision.decided_at, ApprovalDecision.id)
        )
        found: dict[UUID, list[ApprovalDecision]] = {key: [] for key in requests}
        for row in rows:
            found[row.request_id].append(row)
        return found

    async def decision_of(self, request_id: UUID, user_id: UUID) -> ApprovalDecision | None:
        """What one person decided."""
        found: ApprovalDecision | None = await self._session.scalar(
            select(ApprovalDecision).where(
                ApprovalDecision.organization_id == self._organization_id,
                ApprovalDecision.request_id == request_id,
                ApprovalDecision.user_id == user_id,
            )
        )
        return found

    async def with_idempotency_key(self, key: str) -> ApprovalRequest | None:
        """The request that this key made before."""
        return await self._one(ApprovalRequest.idempotency_key == key)

    async def waiting_for_plan(self, plan_id: UUID) -> ApprovalRequest | None:
        """The request that still waits for a plan."""
        return await self._one(ApprovalRequest.plan_id == plan_id, ApprovalRequest.closed_at.is_(None))

    async def newest_of_plan(self, plan_id: UUID) -> ApprovalRequest | None:
        """The last request for a plan."""
        return await self._one(ApprovalRequest.plan_id == plan_id)

    def add(self, row: ApprovalRequest | ApprovalDecision) -> None:
        """Adds a row of this organization."""
        row.organization_id = self._organization_id
        self._session.add(row)

    async def _one(self, *conditions: ColumnElement[bool]) -> ApprovalRequest | None:
        found: ApprovalRequest | None = await self._session.scalar(
            select(ApprovalRequest)
            .where(ApprovalRequest.organization_id == self._organization_id, *conditions)
            .order_by(ApprovalRequest.id.desc())
            .limit(1)
        )
        return found


async def every_waiting(session: Session, *, after: UUID | None, limit: int) -> list[tuple[PlacedRequest, bool]]:
    """Requests of all organizations that still wait, and whether anybody approved; a page for the sweeper."""
    approved = exists().where(
        ApprovalDecision.organization_id == ApprovalRequest.organization_id,
        ApprovalDecision.request_id == ApprovalRequest.id,
        ApprovalDecision.verdict == "approve",
    )
    query = (
        _placed()
        .add_columns(approved)
        .where(ApprovalRequest.closed_at.is_(None), ApprovalRequest.state.in_(WAITING))
        .order_by(ApprovalRequest.id)
        .limit(limit)
    )
    if after is not None:
        query = query.where(ApprovalRequest.id > after)
    return [(_of(row[:-1]), bool(row[-1])) for row in await session.execute(query)]


def _placed() -> Any:
    return (
        select(ApprovalRequest, Plan, Project, Environment, Database, Job, Commit.id, Commit.sha)
        .join(Plan, (Plan.organization_id == ApprovalRequest.organization_id) & (Plan.id == ApprovalRequest.plan_id))
        .join(Project, Project.id == ApprovalRequest.project_id)
        .join(Environment, Environment.id == ApprovalRequest.environment_id)
        .join(Database, Database.id == ApprovalRequest.database_id)
        .outerjoin(
            Job, (Job.organization_id == ApprovalRequest.organization_id) & (Job.plan_id == ApprovalRequest.plan_id)
        )
        .outerjoin(Commit, (Commit.organization_id == Project.organization_id) & (Commit.id == Project.commit_id))
    )


def _of(row: Sequence[Any]) -> PlacedRequest:
    request, plan, project, environment, database, job, commit_id, sha = row
    commit = CommitName(commit_id, sha) if commit_id else None
    return PlacedRequest(request, plan, project, environment, database, job, commit)
