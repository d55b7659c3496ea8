"""The audit log as a file."""

import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace

from fastapi.responses import StreamingResponse

from stillroom_api.context import Context
from stillroom_api.files import CSV, attachment, csv_lines, pages_of
from stillroom_core.actors.actor import Actor
from stillroom_core.audit.chain import content_of
from stillroom_core.audit.models import AuditEntry
from stillroom_core.audit.repository import AuditFilter, AuditRepository
from stillroom_core.database import Session

_PAGE = 500
_HEAD = (
    *("number", "at", "actor", "token", "address", "action", "outcome", "reason"),
    *("subject", "name", "before", "after", "request"),
)


def csv_of(context: Context, actor: Actor, wanted: AuditFilter) -> StreamingResponse:
    """The wanted entries for a spreadsheet, newest first."""

    async def read(session: Session, last: AuditEntry | None) -> Sequence[AuditEntry]:
        after = wanted if last is None else replace(wanted, before=last.number)
        return await AuditRepository(session, actor.organization_id).newest(after, _PAGE)

    lines = csv_lines(_HEAD, pages_of(context, actor, read, _PAGE), lambda entry: [_cells(entry)])
    return attachment(lines, CSV, f"{actor.organization_slug}-audit.csv")


def lines_of(context: Context, actor: Actor) -> StreamingResponse:
    """Every entry as one JSON object a line, oldest first, so that anybody can follow the chain."""

    async def read(session: Session, last: AuditEntry | None) -> Sequence[AuditEntry]:
        after = last.number if last else 0
        return await AuditRepository(session, actor.organization_id).from_the_first(after=after, limit=_PAGE)

    async def lines() -> AsyncIterator[str]:
        async for page in pages_of(context, actor, read, _PAGE):
            yield "".join(json.dumps(_whole(entry)) + "\n" for entry in page)

    return attachment(lines(), "application/jsonl", f"{actor.organization_slug}-audit.jsonl")


def _whole(entry: AuditEntry) -> dict[str, object]:
    return {**content_of(entry), "previous": entry.previous_hash.hex(), "hash": entry.hash.hex()}


def _cells(entry: AuditEntry) -> list[object]:
    return [
        *(entry.number, entry.at.isoformat(), entry.actor_name, entry.token_name, entry.address),
        *(entry.action, entry.outcome, entry.reason, entry.subject_kind, entry.subject_name),
        *(json.dumps(side, ensure_ascii=False) if side else None for side in (entry.before, entry.after)),
        entry.request_id,
    ]
