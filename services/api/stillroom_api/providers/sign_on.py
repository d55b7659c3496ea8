"""Signing in through an organization's identity provider: the way there, and back."""

from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Cookie, Depends, Query, Request, Response
from fastapi.responses import RedirectResponse
from starlette.background import BackgroundTask

from stillroom_api.authorization import check_origin
from stillroom_api.context import Context, ContextOf, Transaction
from stillroom_api.providers.schemas import SignOn, WayThere
from stillroom_api.sessions.routes import client_of, keep_signed_in
from stillroom_core.actors.acting import Origin, acting_in
from stillroom_core.errors import StillroomError
from stillroom_core.providers import sign_on as service
from stillroom_core.sessions.service import issue

COOKIE = "stillroom_sso"
_PATH = "/api/auth/sso"

router = APIRouter(prefix=_PATH, tags=["providers"], dependencies=[Depends(check_origin)])
# The way back comes from the provider's page: what proves it is the state, and the cookie of the browser that began.
back = APIRouter(prefix=_PATH, tags=["providers"])

Text = Annotated[str, Query(max_length=4000)]


@router.post("/begin")
async def begin_sign_on(body: SignOn, response: Response, context: ContextOf, session: Transaction) -> WayThere:
    """Where to go to sign in with the account of one's organization."""
    begun = await service.begin(
        session, context.redis, context.settings, email=body.email, next_path=safe_next(body.next)
    )
    response.set_cookie(
        COOKIE,
        begun.binding,
        path=_PATH,
        httponly=True,
        samesite="lax",  # strict would keep it from the way back, which begins on the provider's page
        secure=context.settings.public_url.startswith("https://"),
        max_age=int(service.LIFE.total_seconds()),
    )
    return WayThere(location=begun.location)


@back.get("/callback", response_class=RedirectResponse, status_code=303)
async def finish_sign_on(
    request: Request,
    context: ContextOf,
    session: Transaction,
    state: Text = "",
    code: Text = "",
    binding: Annotated[str, Cookie(alias=COOKIE)] = "",
) -> RedirectResponse:
    """Where the provider sends the browser back to: signs in, and leads on. Without a code it has refused."""
    base = context.settings.public_url.rstrip("/")
    attempt = service.Attempt()
    try:
        user, next_path = await service.finish(
            context.database, session, context.redis, context.settings, attempt, state=state, code=code, binding=binding
        )
        signed_in = await issue(session, context.settings, user, client=client_of(request))
    except StillroomError as refused:
        origin = acting_in(session).origin
        await session.rollback()  # a browser stands here, and is led to the page that says it
        answer = _lead(f"{base}/sign-in?{urlencode({'sso': refused.code})}")
        answer.background = BackgroundTask(_tell_refused, context, origin, attempt, refused.code)
        return answer
    answer = _lead(base + next_path)
    keep_signed_in(answer, context.settings, signed_in)
    return answer


async def _tell_refused(context: Context, origin: Origin, attempt: service.Attempt, reason: str) -> None:
    async with context.database.unscoped() as session:
        acting_in(session).origin = origin
        await service.tell_refused(session, attempt, reason)


def safe_next(path: str) -> str:
    """Only a path of ours; the page judges it once more, as its browser reads it."""
    parts = urlsplit(path)
    bad = any(letter < "!" or letter == "\\" for letter in path)
    return path if path.startswith("/") and not path.startswith("//") and not parts.netloc and not bad else "/"


def _lead(where: str) -> RedirectResponse:
    answer = RedirectResponse(where, 303)
    answer.delete_cookie(COOKIE, path=_PATH)
    return answer
