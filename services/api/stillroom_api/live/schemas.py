"""What the live routes answer with."""

from pydantic import BaseModel


class Ticket(BaseModel):
    """Opens one WebSocket, once, within its life."""

    ticket: str
    expires_in: int
