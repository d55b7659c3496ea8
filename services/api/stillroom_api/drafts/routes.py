"""Drafts: have a revision written, look at it, have it pushed as a branch."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from stillroom_api.authorization import InProject, in_project
from stillroom_api.context import Transaction
from stillroom_api.drafts.schemas import DraftNew, DraftRead, Drafts, PushRequest
from stillroom_core.actors.permissions import Permission
from stillroom_core.drafts import service
from stillroom_core.drafts.comparing import database_to_compare

router = APIRouter(prefix="/api/orgs/{org}/projects/{project}/drafts", tags=["drafts"])

Writing = Annotated[InProject, in_project(Permission.REVISION_WRITE)]
Reading = Annotated[InProject, in_project(Permission.PROJECT_READ)]


@router.get("")
async def list_drafts(
    session: Transaction,
    where: Reading,
    cursor: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Drafts:
    """The project's drafts without their text, the latest first."""
    found = await service.list_drafts(session, where.actor, where.project, before=cursor, limit=limit + 1)
    page = found[:limit]
    return Drafts(
        items=[DraftRead.of(draft, with_content=False) for draft in page],
        next_cursor=page[-1].id if len(found) > limit else None,
    )


@router.post("", status_code=202)
async def ask_draft(body: DraftNew, session: Transaction, where: Writing) -> DraftRead:
    """Has a revision written by Alembic in the sandbox; poll the draft to see it. Nothing is pushed."""
    database = await database_to_compare(
        session, where.actor, where.project, body.kind, body.environment, body.database
    )
    made = await service.ask_for_draft(
        session,
        where.actor,
        where.project,
        kind=body.kind,
        message=body.message,
        rev_id=body.rev_id,
        heads=body.heads,
        database=database,
        restore=body.restore,
    )
    await session.refresh(made)
    return DraftRead.of(made)


@router.get("/{draft}")
async def read_draft(draft: UUID, session: Transaction, where: Reading) -> DraftRead:
    """One draft with its text."""
    return DraftRead.of(await service.find_draft(session, where.actor, where.project, draft))


@router.post("/{draft}/push", status_code=202)
async def push_draft(
    draft: UUID,
    body: PushRequest,
    session: Transaction,
    where: Annotated[InProject, in_project(Permission.REVISION_PUSH)],
) -> DraftRead:
    """Pushes a draft as a new branch, with me as its author; poll the draft to see it end."""
    found = await service.find_draft(session, where.actor, where.project, draft, held=True)
    service.request_push(session, where.actor, where.project, found, body.branch)
    await session.flush()
    await session.refresh(found)
    return DraftRead.of(found)


@router.delete("/{draft}", status_code=204)
async def discard_draft(draft: UUID, session: Transaction, where: Writing) -> None:
    """Forgets a draft; a branch that was pushed stays."""
    found = await service.find_draft(session, where.actor, where.project, draft)
    await service.discard_draft(session, where.actor, found)
