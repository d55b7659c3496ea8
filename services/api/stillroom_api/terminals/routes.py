"""Signing a terminal in through a browser, from the terminal's side: for who is not signed in."""

from fastapi import APIRouter, Depends, Request, Response

from stillroom_api.authorization import check_origin
from stillroom_api.context import ContextOf, Transaction, address_of
from stillroom_api.sessions.routes import answer_with
from stillroom_api.sessions.schemas import AccessToken
from stillroom_api.terminals.schemas import TerminalMade, TerminalNew, TerminalSecret
from stillroom_core.mail.service import link_to
from stillroom_core.terminals import service

router = APIRouter(prefix="/api/auth/terminals", tags=["terminals"], dependencies=[Depends(check_origin)])


@router.post("", status_code=201)
async def begin_terminal(body: TerminalNew, request: Request, session: Transaction) -> TerminalMade:
    """Begins signing a terminal in: somebody has to approve its code on the page."""
    asked = await service.ask(session, name=body.name, address=address_of(request))
    code, page = service.readable(asked.terminal.code), link_to("terminal")
    return TerminalMade(
        secret=asked.secret,
        code=code,
        page=page,
        page_with_code=f"{page}?code={code}",
        expires_in=int(service.LIFE.total_seconds()),
        interval=int(service.PAUSE.total_seconds()),
    )


@router.post("/exchange")
async def exchange_terminal(
    body: TerminalSecret, request: Request, response: Response, context: ContextOf, session: Transaction
) -> AccessToken:
    """Exchanges the secret for an access token and a refresh cookie, once and only after somebody approved it.

    Until then 409 `terminal_waiting`, or 429 `terminal_slow_down` when asked too often; 403 `terminal_refused` or
    `terminal_barred`, and 422 `terminal_ended`, are the end.
    """
    signed_in = await service.exchange(
        session, context.settings, context.throttle, secret=body.secret, address=address_of(request)
    )
    if signed_in is None:
        await session.commit()  # it has just been ended for good; raising would roll that back
        raise service.barred()
    return answer_with(response, context, signed_in)
