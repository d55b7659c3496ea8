"""What people download: a file that is sent while it is read, page by page."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from typing import TypeVar

from fastapi.responses import StreamingResponse

from stillroom_api.context import Context
from stillroom_core.actors.actor import Actor
from stillroom_core.csv_text import csv_line
from stillroom_core.database import Session

CSV = "text/csv; charset=utf-8"
Item = TypeVar("Item")


def headers_of(name: str) -> dict[str, str]:
    """Browsers store the answer under a name and never show it as a page of ours."""
    return {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }


def attachment(content: AsyncIterator[str], media_type: str, name: str) -> StreamingResponse:
    """The answer that sends a file while it is read."""
    return StreamingResponse(content, media_type=media_type, headers=headers_of(name))


async def pages_of(
    context: Context, actor: Actor, read: Callable[[Session, Item | None], Awaitable[Sequence[Item]]], size: int
) -> AsyncIterator[Sequence[Item]]:
    """Page after page: `read` gives at most `size` items after the one named; no session is held between pages."""
    last: Item | None = None
    more = True
    while more:
        async with context.database.transaction(actor.organization_id) as session:
            page = await read(session, last)
        if page:
            yield page
            last = page[-1]
        more = len(page) == size


async def csv_lines(
    head: Iterable[str],
    pages: AsyncIterator[Sequence[Item]],
    rows: Callable[[Item], Iterable[Iterable[object]]],
) -> AsyncIterator[str]:
    """A table as text: a line of names, then what `rows` makes of each item."""
    yield "\ufeff" + csv_line(head)  # without the mark spreadsheets read names as Latin
    async for page in pages:
        yield "".join(csv_line(cells) for item in page for cells in rows(item))
