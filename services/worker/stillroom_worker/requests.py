"""What becomes of requests for approval while nobody looks: they expire, become void, or start when a window opens."""

from functools import partial
from uuid import UUID

from stillroom_core.approvals.repository import PlacedRequest, every_waiting
from stillroom_core.approvals.settling import settle, standing_of
from stillroom_core.audit.service import Subject, write_found
from stillroom_core.database import Session
from stillroom_worker.one_by_one import impatiently, one_by_one
from stillroom_worker.room import Room

_PAGE = 100


async def settle_requests(room: Room) -> None:
    """Settles those of which something may have become; may be repeated at any time by anybody."""
    await one_by_one("requests", await _due(room), partial(_settle, room))


async def _settle(room: Room, due: tuple[UUID, UUID, str]) -> None:
    organization_id, key, before = due
    async with room.database.transaction(organization_id) as session:
        # A request that somebody decides about just now is settled by them.
        await impatiently(session)
        placed = await settle(session, organization_id, key)
        if placed.request.state in ("started", "expired", "void"):
            await _tell(session, placed, before)


async def _due(room: Room) -> list[tuple[UUID, UUID, str]]:
    due: list[tuple[UUID, UUID, str]] = []
    after: UUID | None = None
    async with room.database.everything() as session:
        while page := await every_waiting(session, after=after, limit=_PAGE):
            for placed, approved in page:
                request, state = placed.request, standing_of(placed).state
                if approved or state != request.state or not placed.environment.approvals_needed:
                    due.append((request.organization_id, request.id, request.state))
                session.expunge(request)
            after = page[-1][0].request.id
    return due


async def _tell(session: Session, placed: PlacedRequest, before: str) -> None:
    """The audit log tells what nobody did: that a request ended by itself, or its job started by itself."""
    request = placed.request
    subject = Subject(
        kind="request",
        id=str(request.id),
        name=f"{placed.plan.kind} {placed.plan.revision or ''} · {placed.environment.slug}/{placed.database.name}",
        project_id=request.project_id,
        database_id=request.database_id,
    )
    after = {"state": request.state, **({"why": request.ended["code"]} if request.ended else {})}
    if placed.job is not None:
        after["job"] = placed.job.number
    await write_found(session, request.organization_id, f"request.{request.state}", subject, {"state": before}, after)
