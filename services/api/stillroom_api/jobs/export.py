"""Jobs as a CSV file, read page by page while it is sent."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

from fastapi.responses import StreamingResponse

from stillroom_api.context import Context
from stillroom_core.actors.actor import Actor
from stillroom_core.csv_text import csv_line
from stillroom_core.jobs.outcome import sentence
from stillroom_core.jobs.repository import JobFilter, PlacedJob
from stillroom_core.jobs.service import list_jobs

_PAGE = 500
_HEAD = (
    *("number", "state", "kind", "revision", "project", "environment", "database", "actor", "commit", "ref"),
    *("requested_at", "started_at", "finished_at", "seconds", "revisions_done", "revisions_total", "outcome", "error"),
    "id",
)


def csv_of(context: Context, actor: Actor, wanted: JobFilter) -> StreamingResponse:
    """The file; no database session is held between pages."""
    name = f"{actor.organization_slug}-jobs-{datetime.now(UTC):%Y-%m-%d}.csv"
    return StreamingResponse(
        _lines(context, actor, wanted),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _lines(context: Context, actor: Actor, wanted: JobFilter) -> AsyncIterator[str]:
    yield "\ufeff" + csv_line(_HEAD)  # without the mark spreadsheets read names as Latin
    more = True
    while more:
        async with context.database.transaction(actor.organization_id) as session:
            page = await list_jobs(session, actor, wanted, limit=_PAGE)
        if page:
            yield "".join(csv_line(_cells(placed)) for placed in page)
            wanted = replace(wanted, before=page[-1].job.id)
        more = len(page) == _PAGE


def _cells(placed: PlacedJob) -> list[object]:
    job = placed.job
    seconds = (job.finished_at - job.started_at).total_seconds() if job.finished_at and job.started_at else None
    return [
        *(job.number, job.state, job.kind, job.revision, placed.project.slug, placed.environment.slug),
        *(placed.database.name, job.actor_name, job.commit_sha, job.ref),
        *(_moment(job.created_at), _moment(job.started_at), _moment(job.finished_at)),
        None if seconds is None else f"{seconds:.3f}",
        *(job.steps_done if job.steps_total is not None else None, job.steps_total),
        sentence(job.outcome) if job.outcome else None,
        job.error.get("title") if job.error else None,
        job.id,
    ]


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).isoformat(timespec="milliseconds") if at else None
