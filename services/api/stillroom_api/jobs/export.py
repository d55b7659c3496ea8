"""Jobs as a CSV file."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from fastapi.responses import StreamingResponse

from stillroom_api.context import Context
from stillroom_api.files import CSV, attachment, csv_lines, pages_of
from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
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
    """The wanted jobs, newest first."""

    async def read(session: Session, last: PlacedJob | None) -> Sequence[PlacedJob]:
        after = wanted if last is None else replace(wanted, before=last.job.id)
        return await list_jobs(session, actor, after, limit=_PAGE)

    lines = csv_lines(_HEAD, pages_of(context, actor, read, _PAGE), lambda placed: [_cells(placed)])
    return attachment(lines, CSV, f"{actor.organization_slug}-jobs-{datetime.now(UTC):%Y-%m-%d}.csv")


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
