"""Work that a row asks for: taken once, tried, and told where nobody has asked anew in the meantime."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, update

from stillroom_core.database import Session
from stillroom_core.errors import StillroomError
from stillroom_core.masking import keeping_secrets
from stillroom_worker.checkout import CheckoutFailed
from stillroom_worker.egress import EgressRefused
from stillroom_worker.failure import JobFailed
from stillroom_worker.room import Room
from stillroom_worker.sandbox import CellFailed
from stillroom_worker.virtualenv import VirtualenvFailed

# What a tenant can cause, or the world: it is told, and the worker goes on.
FAILURES = (JobFailed, CheckoutFailed, VirtualenvFailed, EgressRefused, CellFailed, StillroomError)


@dataclass(frozen=True, kw_only=True)
class Errand:
    """Which columns of a table ask for the work and tell of it, and what the state is called on the way."""

    model: Any
    state: str
    asked_at: str
    error: str
    waiting: str = "waiting"
    running: str = "running"
    done: str = "idle"
    failed: str = "failed"


async def run_errand(
    room: Room,
    errand: Errand,
    key: UUID,
    work: Callable[[Any], Awaitable[dict[str, Any]]],
    *conditions: ColumnElement[bool],
    afterwards: Callable[[Session, Any], Awaitable[None]] | None = None,
) -> None:
    """Does the work of a row that waits and stores the columns that it gives, or why there are none.

    Does nothing when nobody asked. What is asked anew meanwhile, for another place perhaps, is left to the next run.
    `afterwards` is called in the transaction that stores success.
    """
    with keeping_secrets():
        row = await _take(room, errand, key, conditions)
        if row is None:
            return
        try:
            values = {errand.state: errand.done, errand.error: None, **await work(row)}
        except FAILURES as failure:
            values = {errand.state: errand.failed, errand.error: JobFailed.of(failure).as_dict()}
        model, asked_at = errand.model, getattr(errand.model, errand.asked_at)
        async with room.database.transaction(row.organization_id) as session:
            ours = (getattr(model, errand.state) == errand.running, asked_at == getattr(row, errand.asked_at))
            stored = await session.execute(
                update(model).where(model.id == key, *ours).values(**values).returning(model.id)
            )
            told = stored.scalar_one_or_none() is not None
            if told and afterwards is not None and values[errand.state] == errand.done:
                await afterwards(session, row)


async def _take(room: Room, errand: Errand, key: UUID, conditions: tuple[ColumnElement[bool], ...]) -> Any:
    model = errand.model
    async with room.database.everything() as session:
        taken = await session.execute(
            update(model)
            .where(model.id == key, getattr(model, errand.state) == errand.waiting, *conditions)
            .values({errand.state: errand.running, errand.asked_at: func.clock_timestamp()})
            .returning(model)
        )
        return taken.scalar_one_or_none()
