"""The audit log as a file, read page by page while it is sent; no database session is held between pages."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace

from fastapi.responses import StreamingResponse

from stillroom_api.context import Context
from stillroom_core.actors.actor import Actor
from stillroom_core.audit.chain import content_of
from stillroom_core.audit.models import AuditEntry
from stillroom_core.audit.repository import AuditFilter, AuditRepository
from stillroom_core.csv_text import csv_line

_PAGE = 500
_HEAD = (
    *("number", "at", "actor", "token", "address", "action", "outcome", "reason"),
    *("subject", "name", "before", "after", "request"),
)


def csv_of(context: Context, actor: Actor, wanted: AuditFilter) -> StreamingResponse:
    """The wanted entries for a spreadsheet, newest first."""
    return _file(_csv(context, actor, wanted), "text/csv; charset=utf-8", f"{actor.organization_slug}-audit.csv")


def lines_of(context: Context, actor: Actor) -> StreamingResponse:
    """Every entry as one JSON object a line, oldest first, so that anybody can follow the chain."""
    return _file(_lines(context, actor), "application/jsonl", f"{actor.organization_slug}-audit.jsonl")


def _file(content: AsyncIterator[str], media_type: str, name: str) -> StreamingResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return StreamingResponse(content, media_type=media_type, headers=headers)


async def _csv(context: Context, actor: Actor, wanted: AuditFilter) -> AsyncIterator[str]:
    yield "\ufeff" + csv_line(_HEAD)  # without the mark spreadsheets read names as Latin
    more = True
    while more:
        async with context.database.transaction(actor.organization_id) as session:
            page = await AuditRepository(session, actor.organization_id).newest(wanted, _PAGE)
        if page:
            yield "".join(csv_line(_cells(entry)) for entry in page)
            wanted = replace(wanted, before=page[-1].number)
        more = len(page) == _PAGE


async def _lines(context: Context, actor: Actor) -> AsyncIterator[str]:
    after, more = 0, True
    while more:
        async with context.database.transaction(actor.organization_id) as session:
            page = await AuditRepository(session, actor.organization_id).from_the_first(after=after, limit=_PAGE)
        yield "".join(json.dumps(_whole(entry)) + "\n" for entry in page)
        after = page[-1].number if page else after
        more = len(page) == _PAGE


def _whole(entry: AuditEntry) -> dict[str, object]:
    return {**content_of(entry), "previous": entry.previous_hash.hex(), "hash": entry.hash.hex()}


def _cells(entry: AuditEntry) -> list[object]:
    return [
        *(entry.number, entry.at.isoformat(), entry.actor_name, entry.token_name, entry.address),
        *(entry.action, entry.outcome, entry.reason, entry.subject_kind, entry.subject_name),
        *(json.dumps(side, ensure_ascii=False) if side else None for side in (entry.before, entry.after)),
        entry.request_id,
    ]
