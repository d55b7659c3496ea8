"""Jobs: list, look at, cancel, read the events of."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response, StreamingResponse

from stillroom_api.approvals.answer import answer_move
from stillroom_api.authorization import Caller, OnJob, on_job, on_job_to_cancel, on_stopped_job
from stillroom_api.context import ContextOf, Transaction
from stillroom_api.jobs.export import csv_of
from stillroom_api.jobs.log import log_of
from stillroom_api.jobs.reading import meant, read_job, read_page
from stillroom_api.jobs.schemas import (
    EventRead,
    Events,
    JobChoices,
    JobPage,
    JobQuery,
    JobRead,
    Jobs,
    ResumeRequest,
    StatementRead,
)
from stillroom_api.live.identity import identity_by_header
from stillroom_api.live.rights import Identity
from stillroom_api.plans.reading import read_plan
from stillroom_api.plans.schemas import PlanRead
from stillroom_core.actors.permissions import Permission
from stillroom_core.approvals.service import Move, start_or_ask
from stillroom_core.jobs import feed, resuming, service
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.jobs.repository import PlacedJob
from stillroom_core.jobs.runs import statements_of
from stillroom_core.masks.service import masks_for

router = APIRouter(prefix="/api/jobs", tags=["jobs"])


@router.get("")
async def list_jobs(
    context: ContextOf,
    person: Caller,
    session: Transaction,
    query: Annotated[JobPage, Query()],
) -> Jobs:
    """Jobs that I may see, newest first; of one organization or of one project."""
    actor, wanted = await meant(session, person, query)
    return await context.replica.read(session, lambda reading: read_page(reading, actor, wanted, query))


@router.get("/choices")
async def get_choices(person: Caller, session: Transaction, query: Annotated[JobQuery, Query()]) -> JobChoices:
    """What the jobs of an organization or project can be narrowed to: who asked for them, and the environments."""
    actor, wanted = await meant(session, person, query)
    return JobChoices.of(await service.choices(session, actor, wanted.project_id))


@router.get(
    "/export",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}},
)
async def export_jobs(
    context: ContextOf, person: Caller, session: Transaction, query: Annotated[JobQuery, Query()]
) -> StreamingResponse:
    """All those jobs as a CSV file, newest first."""
    actor, wanted = await meant(session, person, query)
    return csv_of(context, actor, wanted)


@router.get("/{job}")
async def get_job(session: Transaction, on: Annotated[OnJob, on_job(Permission.JOB_READ)]) -> JobRead:
    """One job with its steps."""
    return await read_job(session, on.actor, on.placed)


@router.get("/{job}/revisions/{revision}/statements")
async def get_statements(
    revision: str, session: Transaction, on: Annotated[OnJob, on_job(Permission.JOB_READ)]
) -> list[StatementRead]:
    """The statements that the job sent within one revision, in order; at most the first 2,000."""
    found = await statements_of(session, on.actor, on.placed.job.id, revision)
    return [StatementRead.model_validate(statement) for statement in found]


@router.post("/{job}/cancel", status_code=202)
async def cancel_job(context: ContextOf, session: Transaction, on: Annotated[OnJob, on_job_to_cancel()]) -> JobRead:
    """Cancels a waiting job at once; asks the worker of a running one to stop."""
    placed = await service.cancel_job(session, on.actor, on.placed)
    return await read_job(session, on.actor, placed)


@router.post("/{job}/resume/plan", status_code=201)
async def plan_resume(session: Transaction, on: Annotated[OnJob, on_job(Permission.JOB_PLAN)]) -> PlanRead:
    """What going on would run: a plan from where the database stands now to the target of a job that stopped."""
    return await read_plan(session, on.actor, await resuming.plan_resume(session, on.actor, on.placed))


@router.post("/{job}/resume", status_code=202, response_model=JobRead)
async def resume_job(
    request: Request, body: ResumeRequest, session: Transaction, on: Annotated[OnJob, on_stopped_job()]
) -> JobRead | Response:
    """Starts a new job from where the database stands now to the target of one that stopped."""
    move = Move(
        project=on.placed.project,
        environment=on.placed.environment,
        database=on.placed.database,
        kind=JobKind(on.placed.job.kind),
        revision=await resuming.target_of_resume(session, on.placed.job),
        plan_id=await resuming.plan_to_resume(session, on.actor, on.placed, body.plan),
        idempotency_key=body.idempotency_key,
        override=body.override,
        reason=body.reason,
    )
    return await answer_move(request, session, on.actor, await start_or_ask(session, on.actor, move))


@router.get(
    "/{job}/events",
    response_model=Events,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def get_events(
    request: Request,
    context: ContextOf,
    session: Transaction,
    on: Annotated[OnJob, on_job(Permission.JOB_READ)],
    after: Annotated[int, Query(ge=0)] = 0,
    limit: Annotated[int, Query(ge=1, le=5000)] = 1000,
) -> Events | StreamingResponse:
    """A page of events, or with `Accept: text/event-stream` all of them, live until the job ends."""
    job = on.placed.job
    if "text/event-stream" in request.headers.get("accept", ""):
        resumed = request.headers.get("last-event-id", "")
        start = int(resumed) if resumed.isdecimal() else after
        return StreamingResponse(
            _server_sent(context, await identity_by_header(request, context), on.placed, start),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
    events = await context.replica.read(
        session, lambda reading: feed.read_events(reading, job.organization_id, job.id, after=after, limit=limit)
    )
    if await masks_for(session, on.actor, on.placed.project, on.placed.environment):
        events = [event.masked() for event in events]
    return Events(
        items=[EventRead(seq=e.seq, at=e.at, type=e.type, data=e.data) for e in events],
        next_after=events[-1].seq if events else after,
    )


@router.get(
    "/{job}/log",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def get_log(context: ContextOf, on: Annotated[OnJob, on_job(Permission.JOB_READ)]) -> StreamingResponse:
    """The stored stream as a text file; of a log that was removed, when that was."""
    return log_of(context, on.placed)


async def _server_sent(context: ContextOf, identity: Identity, placed: PlacedJob, after: int) -> AsyncIterator[str]:
    job = placed.job
    async with context.rights.guest(identity) as guest:

        def may(permission: Permission) -> bool:
            return guest.may(permission, job.organization_id, job.project_id, placed.environment)

        async for batch in context.readers.follow(
            job.organization_id, job.id, after=after, unmasked=lambda: may(Permission.DATA_UNMASKED)
        ):
            if not may(Permission.JOB_READ):
                return
            for line in batch.lines:
                yield f"id: {line.seq}\nevent: {line.type}\ndata: {line.text}\n\n"
            if batch.ended:
                yield "event: end\ndata: {}\n\n"
            elif not batch.lines:
                yield ": still here\n\n"
