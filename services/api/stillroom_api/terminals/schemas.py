"""Shapes of terminals that are signed in through a browser."""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from stillroom_core.terminals.models import APPROVED, REFUSED, WAITING, Terminal
from stillroom_core.terminals.service import readable


class TerminalNew(BaseModel):
    """What a terminal says of itself; nothing vouches for it."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200, description="such as `stillroom 0.1 on my-laptop`")]


class TerminalMade(BaseModel):
    """How a terminal goes on: it shows code and page, and asks with its secret."""

    secret: str = Field(description="for the terminal alone; shown this once")
    code: str = Field(description="for the person, who compares it: XXXX-XXXX")
    page: str = Field(description="where the code is entered")
    page_with_code: str = Field(description="the same page, with the code filled in")
    expires_in: int = Field(description="seconds")
    interval: int = Field(description="seconds between two questions")


class TerminalSecret(BaseModel):
    """What a terminal proves itself with."""

    model_config = ConfigDict(extra="forbid")

    secret: Annotated[str, Field(min_length=1, max_length=200)]


class TerminalAnswer(BaseModel):
    """What the person decides."""

    model_config = ConfigDict(extra="forbid")

    answer: Literal["approve", "refuse"]


class TerminalRead(BaseModel):
    """A terminal that asks to be signed in."""

    code: str
    name: str = Field(description="what it says of itself")
    address: str = Field(description="where it asked from")
    elsewhere: bool = Field(description="whether that is another address than the one that this request came from")
    state: Literal["waiting", "approved", "refused"]
    asked_at: datetime
    expires_at: datetime

    @classmethod
    def of(cls, terminal: Terminal, address: str) -> "TerminalRead":
        """From the row, for somebody at this address."""
        return cls(
            code=readable(terminal.code),
            name=terminal.name,
            address=terminal.address,
            elsewhere=terminal.address != address,
            # Whether it has come in yet is seen in the terminal, and under the sign-ins.
            state=terminal.state if terminal.state in (WAITING, REFUSED) else APPROVED,
            asked_at=terminal.created_at,
            expires_at=terminal.expires_at,
        )
