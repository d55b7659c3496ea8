"""Answering a terminal that asks to be signed in as me."""

from typing import Annotated

from fastapi import APIRouter, Path, Request

from stillroom_api.accounts.mine import CurrentSignIn
from stillroom_api.authorization import Person
from stillroom_api.context import ContextOf, Transaction, address_of
from stillroom_api.terminals.schemas import TerminalAnswer, TerminalRead
from stillroom_core.terminals import service

router = APIRouter(prefix="/api/me/terminals", tags=["terminals"])

Code = Annotated[str, Path(max_length=40, description="as the terminal shows it; case and hyphen do not matter")]


@router.get("/{code}")
async def read_terminal(
    code: Code, request: Request, context: ContextOf, session: Transaction, person: Person, family: CurrentSignIn
) -> TerminalRead:
    """The terminal that shows this code."""
    address = address_of(request)
    async with context.throttle.guarding(f"terminal:{person.id}", address):
        return TerminalRead.of(await service.look(session, person, code), address)


@router.post("/{code}")
async def answer_terminal(
    code: Code,
    body: TerminalAnswer,
    request: Request,
    context: ContextOf,
    session: Transaction,
    person: Person,
    family: CurrentSignIn,
) -> TerminalRead:
    """Signs the terminal in as me, or refuses it; once."""
    address = address_of(request)
    async with context.throttle.guarding(f"terminal:{person.id}", address):
        answered = await service.answer(session, person, family, code, approve=body.answer == "approve")
    return TerminalRead.of(answered, address)
