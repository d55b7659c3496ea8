"""The ledger as a CSV file: a line for each revision."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from fastapi.responses import StreamingResponse

from stillroom_api.context import Context
from stillroom_api.files import CSV, attachment, csv_lines, pages_of
from stillroom_api.ledger.schemas import seconds_of
from stillroom_core.actors.actor import Actor
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.jobs.outcome import sentence
from stillroom_core.ledger.service import Entry, read_ledger

_PAGE = 200
_HEAD = (
    *("at", "what", "job", "state", "kind", "actor", "token", "commit", "ref", "from", "to", "seconds", "outcome"),
    *("override", "revision", "message", "revision_state", "revision_ms", "statements"),
)


def csv_of(context: Context, actor: Actor, database: Database) -> StreamingResponse:
    """The whole ledger of a database, newest first."""

    async def read(session: Session, last: Entry | None) -> Sequence[Entry]:
        return await read_ledger(session, actor, database, before=last.cursor if last else None, limit=_PAGE)

    lines = csv_lines(_HEAD, pages_of(context, actor, read, _PAGE), _rows)
    return attachment(lines, CSV, f"{actor.organization_slug}-ledger-{datetime.now(UTC):%Y-%m-%d}.csv")


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
