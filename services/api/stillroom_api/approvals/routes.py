"""Approvals: what waits for whom, deciding about it, taking it back. Asking is what the routes of moves do."""

from typing import Annotated

from fastapi import APIRouter, Query

from stillroom_api.approvals.reading import read_request, read_requests
from stillroom_api.approvals.schemas import (
    Rejection,
    RequestCount,
    RequestDetail,
    RequestQuery,
    Requests,
    Verdict,
)
from stillroom_api.authorization import OnRequest, in_any_project, on_request
from stillroom_api.context import Transaction
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.approvals import service

router = APIRouter(prefix="/api", tags=["approvals"])

_MOST_COUNTED = 100


@router.get("/orgs/{org}/approvals")
async def list_requests(
    session: Transaction, actor: Annotated[Actor, in_any_project()], query: Annotated[RequestQuery, Query()]
) -> Requests:
    """Requests of the organization that I may see, newest first."""
    page = await service.list_requests(session, actor, show=query.show, before=query.cursor, limit=query.limit)
    return await read_requests(session, actor, page)


@router.get("/orgs/{org}/approvals/count")
async def count_requests(session: Transaction, actor: Annotated[Actor, in_any_project()]) -> RequestCount:
    """How many requests wait for me."""
    page = await service.list_requests(session, actor, show="waiting", before=None, limit=_MOST_COUNTED)
    return RequestCount(waiting=len(page.items))


@router.get("/approvals/{request}")
async def get_request(session: Transaction, on: Annotated[OnRequest, on_request(Permission.JOB_READ)]) -> RequestDetail:
    """One request with its plan, what was decided, and who may decide."""
    return await read_request(session, on.actor, on.placed)


@router.post("/approvals/{request}/approve")
async def approve_request(
    body: Verdict, session: Transaction, on: Annotated[OnRequest, on_request(Permission.JOB_APPROVE)]
) -> RequestDetail:
    """Approves; the last approval that was missing starts the job."""
    placed = await service.decide(session, on.actor, on.placed.request.id, approve=True, comment=body.comment or None)
    return await read_request(session, on.actor, placed)


@router.post("/approvals/{request}/reject")
async def reject_request(
    body: Rejection, session: Transaction, on: Annotated[OnRequest, on_request(Permission.JOB_APPROVE)]
) -> RequestDetail:
    """Rejects, which ends the request."""
    placed = await service.decide(session, on.actor, on.placed.request.id, approve=False, comment=body.comment)
    return await read_request(session, on.actor, placed)


@router.post("/approvals/{request}/withdraw")
async def withdraw_request(
    session: Transaction, on: Annotated[OnRequest, on_request(Permission.JOB_CANCEL)]
) -> RequestDetail:
    """Takes a request of one's own back."""
    placed = await service.withdraw(session, on.actor, on.placed.request.id)
    return await read_request(session, on.actor, placed)
