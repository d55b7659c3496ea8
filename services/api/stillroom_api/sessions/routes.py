"""Sign in, stay signed in, sign out."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Cookie, Depends, Request, Response

from stillroom_api.audit.telling import tell_after
from stillroom_api.authorization import check_origin
from stillroom_api.context import Context, ContextOf, Transaction, address_of
from stillroom_api.sessions.schemas import AccessToken, SignIn
from stillroom_core.actors.acting import Origin, acting_in
from stillroom_core.errors import Forbidden, Invalid, StillroomError, Unauthenticated
from stillroom_core.sessions import service
from stillroom_core.sessions.tokens import unauthenticated
from stillroom_core.settings import Settings

COOKIE = "stillroom_refresh"
_PATH = "/api/auth"

router = APIRouter(prefix="/api/auth", tags=["sessions"], dependencies=[Depends(check_origin)])
RefreshCookie = Annotated[str | None, Cookie(alias=COOKIE)]


@router.post("/sign-in")
async def sign_in(
    body: SignIn, request: Request, response: Response, context: ContextOf, session: Transaction
) -> AccessToken:
    """Exchanges e-mail and password for an access token and a refresh cookie."""
    try:
        signed_in = await service.sign_in(
            session,
            context.redis,
            context.settings,
            context.throttle,
            email=body.email,
            password=body.password,
            second=service.SecondProof(body.code, body.passkey.as_answer() if body.passkey else None),
            client=client_of(request),
        )
    except (Unauthenticated, Forbidden, Invalid) as refused:
        if refused.code != "second_factor_needed":  # the first half of every sign-in with two
            tell_after(request, partial(_tell_failed, context, acting_in(session).origin, body.email, refused.code))
        raise
    return answer_with(response, context, signed_in)


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
        signed_in = await service.refresh(session, context.settings, token=token, client=client_of(request))
    if signed_in is None:
        raise await _ended(session)
    return answer_with(response, context, signed_in)


@router.post("/sign-out", status_code=204)
async def sign_out(response: Response, session: Transaction, token: RefreshCookie = None) -> None:
    """Ends this sign-in everywhere it was refreshed."""
    if token:
        await service.sign_out(session, token=token)
    response.delete_cookie(COOKIE, path=_PATH)


async def _tell_failed(context: Context, origin: Origin, email: str, reason: str) -> None:
    async with context.database.unscoped() as session:
        acting_in(session).origin = origin
        await service.tell_failed_sign_in(session, email=email, reason=reason)


async def _ended(session: Transaction) -> StillroomError:
    # A reused token has just revoked its family; raising would roll that back, so it is committed first.
    await session.commit()
    return unauthenticated()


def client_of(request: Request) -> service.Client:
    """Where a request came from."""
    return service.Client(address_of(request), request.headers.get("user-agent", ""))


def keep_signed_in(response: Response, settings: Settings, signed_in: service.SignedIn) -> None:
    """The cookie by which a browser stays signed in."""
    response.set_cookie(
        COOKIE,
        signed_in.refresh_token,
        path=_PATH,
        httponly=True,
        samesite="strict",
        secure=settings.public_url.startswith("https://"),
        max_age=int(settings.session_life.total_seconds()),
    )


def answer_with(response: Response, context: Context, signed_in: service.SignedIn) -> AccessToken:
    """The access token, beside the cookie."""
    keep_signed_in(response, context.settings, signed_in)
    return AccessToken(
        access_token=signed_in.access_token,
        expires_in=int(context.settings.access_token_life.total_seconds()),
    )
