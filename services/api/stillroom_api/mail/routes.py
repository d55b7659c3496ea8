"""The outbox of a development installation: what would have been mailed."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel

from stillroom_api.context import ContextOf, Transaction
from stillroom_core.errors import not_found
from stillroom_core.mail.delivery import outbox

router = APIRouter(prefix="/api/outbox", tags=["development"])


class LetterRead(BaseModel):
    """A letter that was kept."""

    id: UUID
    recipient: str
    subject: str
    text: str
    created_at: datetime


class Outbox(BaseModel):
    """The last letters, the newest first."""

    items: list[LetterRead]


@router.get("")
async def read_outbox(context: ContextOf, session: Transaction) -> Outbox:
    """What was written to people of this installation; elsewhere than in development there is no such page."""
    if not context.settings.development or context.settings.smtp_url is not None:
        raise not_found("page")
    return Outbox(
        items=[
            LetterRead(
                id=mail.id, recipient=mail.recipient, subject=mail.subject, text=text, created_at=mail.created_at
            )
            for mail, text in await outbox(session)
        ]
    )
