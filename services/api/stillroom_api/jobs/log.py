"""A job's log as a text file, read page by page while it is sent."""

from collections.abc import AsyncIterator

from fastapi.responses import StreamingResponse

from stillroom_api.context import Context
from stillroom_api.files import attachment
from stillroom_core.jobs import feed
from stillroom_core.jobs.log_text import log_line
from stillroom_core.jobs.outcome import sentence
from stillroom_core.jobs.repository import PlacedJob

_PAGE = 1000


def log_of(context: Context, placed: PlacedJob) -> StreamingResponse:
    """What is stored at the moment of the request; no database session is held between pages."""
    name = f"{placed.project.slug}-{placed.environment.slug}-job-{placed.job.number}.log"
    return attachment(_lines(context, placed), "text/plain; charset=utf-8", name)


async def _lines(context: Context, placed: PlacedJob) -> AsyncIterator[str]:
    job = placed.job
    place = f"{placed.organization.slug}/{placed.project.slug}/{placed.environment.slug}/{placed.database.name}"
    yield f"Job {job.number}: {job.kind} {job.revision or ''}".rstrip() + f" on {place}, commit {job.commit_sha}\n"
    if job.log_removed_at is not None:
        yield f"The log was removed on {job.log_removed_at:%Y-%m-%d}.\n"
    after, more = 0, job.log_removed_at is None
    while more:
        async with context.database.transaction(job.organization_id) as session:
            events = await feed.read_events(session, job.organization_id, job.id, after=after, limit=_PAGE)
        yield "".join(log_line(event) for event in events if event.seq <= job.last_seq)
        after = events[-1].seq if events else after
        more = len(events) == _PAGE and after < job.last_seq
    if job.outcome:
        yield f"{sentence(job.outcome)}\n"
