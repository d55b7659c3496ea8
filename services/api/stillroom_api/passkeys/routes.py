"""Signing in with a passkey: for who is not signed in."""

from functools import partial

from fastapi import APIRouter, Depends, Request, Response

from stillroom_api.audit.telling import tell_after
from stillroom_api.authorization import check_origin
from stillroom_api.context import Context, ContextOf, Transaction
from stillroom_api.passkeys.schemas import PasskeyOptions, PasskeySignIn
from stillroom_api.sessions.routes import answer_with, client_of
from stillroom_api.sessions.schemas import AccessToken
from stillroom_core.actors.acting import Origin, acting_in
from stillroom_core.errors import Forbidden, Invalid
from stillroom_core.passkeys import service
from stillroom_core.passkeys.proofs import Answer
from stillroom_core.passkeys.sign_in import sign_in, tell_refused

router = APIRouter(prefix="/api/auth/passkeys", tags=["passkeys"], dependencies=[Depends(check_origin)])


@router.post("/begin")
async def begin_passkey_sign_in(context: ContextOf) -> PasskeyOptions:
    """A challenge for signing in with a passkey; also for one in place of a code."""
    return PasskeyOptions(options=await service.begin_sign_in(context.redis, context.settings))


@router.post("/sign-in")
async def sign_in_with_passkey(
    body: PasskeySignIn, request: Request, response: Response, context: ContextOf, session: Transaction
) -> AccessToken:
    """Exchanges a passkey's answer for an access token and a refresh cookie; it counts as both factors."""
    answer = body.credential.as_answer()
    try:
        signed_in = await sign_in(
            session, context.redis, context.settings, context.throttle, answer=answer, client=client_of(request)
        )
    except (Forbidden, Invalid) as refused:
        tell_after(request, partial(_tell_refused, context, acting_in(session).origin, answer, refused.code))
        raise
    return answer_with(response, context, signed_in)


async def _tell_refused(context: Context, origin: Origin, answer: Answer, reason: str) -> None:
    async with context.database.unscoped() as session:
        acting_in(session).origin = origin
        await tell_refused(session, answer, reason)
