"""The ledger as a CSV file: a line for each revision, read page by page while it is sent."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

from fastapi.responses import StreamingResponse

from stillroom_api.context import Context
from stillroom_api.ledger.schemas import seconds_of
from stillroom_core.actors.actor import Actor
from stillroom_core.csv_text import csv_line
from stillroom_core.databases.models import Database
from stillroom_core.jobs.outcome import sentence
from stillroom_core.ledger.service import Cursor, Entry, read_ledger

_PAGE = 200
_HEAD = (
    *("at", "what", "job", "state", "kind", "actor", "token", "commit", "ref", "from", "to", "seconds", "outcome"),
    *("override", "revision", "message", "revision_state", "revision_ms", "statements"),
)


def csv_of(context: Context, actor: Actor, database: Database) -> StreamingResponse:
    """The file; no database session is held between pages."""
    name = f"{actor.organization_slug}-ledger-{datetime.now(UTC):%Y-%m-%d}.csv"
    return StreamingResponse(
        _lines(context, actor, database),
        media_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )


async def _lines(context: Context, actor: Actor, database: Database) -> AsyncIterator[str]:
    yield "\ufeff" + csv_line(_HEAD)  # without the mark spreadsheets read names as Latin
    before: Cursor | None = None
    more = True
    while more:
        async with context.database.transaction(actor.organization_id) as session:
            page = await read_ledger(session, actor, database, before=before, limit=_PAGE)
        if page:
            yield "".join(csv_line(cells) for entry in page for cells in _rows(entry))
            before = page[-1].cursor
        more = len(page) == _PAGE


def _rows(entry: Entry) -> Iterator[list[object]]:
    job = entry.job
    at = entry.at.astimezone(UTC).isoformat(timespec="milliseconds")
    if job is None:
        yield [at, "found", *[None] * 7, _heads(entry.heads_before), _heads(entry.heads_after), *[None] * 8]
        return
    common = [
        *(at, "job", job.number, job.state, job.kind, job.actor_name, job.token_name, job.commit_sha, job.ref),
        *(_heads(job.heads_before), _heads(job.heads_after), f"{seconds_of(job):.3f}"),
        sentence(job.outcome) if job.outcome else None,
        job.override_reason,
    ]
    for step in entry.steps:
        yield [*common, step.revision, step.title, step.state, step.duration_ms, step.statements]
    if not entry.steps:
        yield [*common, *[None] * 5]


def _heads(heads: list[str] | None) -> str | None:
    return None if heads is None else " ".join(heads) or "base"
