"""Sign in, stay signed in, sign out."""

from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Request, Response

from stillroom_api.authorization import check_origin
from stillroom_api.context import ContextOf, Transaction, address_of
from stillroom_api.sessions.schemas import AccessToken, SignIn
from stillroom_core.errors import StillroomError
from stillroom_core.sessions import service
from stillroom_core.sessions.tokens import unauthenticated

COOKIE = "stillroom_refresh"
_PATH = "/api/auth"

router = APIRouter(prefix="/api/auth", tags=["sessions"], dependencies=[Depends(check_origin)])
RefreshCookie = Annotated[str | None, Cookie(alias=COOKIE)]


@router.post("/sign-in")
async def sign_in(
    body: SignIn, request: Request, response: Response, context: ContextOf, session: Transaction
) -> AccessToken:
    """Exchanges e-mail and password for an access token and a refresh cookie."""
    signed_in = await service.sign_in(
        session,
        context.settings,
        context.throttle,
        email=body.email,
        password=body.password,
        code=body.code,
        client=_client(request),
    )
    return _answer(response, context, signed_in)


@router.post("/refresh")
async def refresh(
    request: Request,
    response: Response,
    context: ContextOf,
    session: Transaction,
    token: RefreshCookie = None,
) -> AccessToken:
    """Exchanges the refresh cookie for a new access token and a new cookie."""
    signed_in = None
    if token:
        signed_in = await service.refresh(session, context.settings, token=token, client=_client(request))
    if signed_in is None:
        raise await _ended(session)
    return _answer(response, context, signed_in)


@router.post("/sign-out", status_code=204)
async def sign_out(response: Response, session: Transaction, token: RefreshCookie = None) -> None:
    """Ends this sign-in everywhere it was refreshed."""
    if token:
        await service.sign_out(session, token=token)
    response.delete_cookie(COOKIE, path=_PATH)


async def _ended(session: Transaction) -> StillroomError:
    # A reused token has just revoked its family; raising would roll that back, so it is committed first.
    await session.commit()
    return unauthenticated()


def _client(request: Request) -> service.Client:
    return service.Client(address_of(request), request.headers.get("user-agent", ""))


def _answer(response: Response, context: ContextOf, signed_in: service.SignedIn) -> AccessToken:
    response.set_cookie(
        COOKIE,
        signed_in.refresh_token,
        path=_PATH,
        httponly=True,
        samesite="strict",
        secure=context.settings.public_url.startswith("https://"),
        max_age=int(context.settings.session_life.total_seconds()),
    )
    return AccessToken(
        access_token=signed_in.access_token,
        expires_in=int(context.settings.access_token_life.total_seconds()),
    )
