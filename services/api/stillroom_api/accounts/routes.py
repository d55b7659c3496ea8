"""Opening an account, confirming an address, a forgotten password: for who is not signed in."""

from fastapi import APIRouter, Depends, Request

from stillroom_api.accounts.schemas import EmailOnly, Options, Reset, SignUp, TokenOnly
from stillroom_api.authorization import check_origin
from stillroom_api.context import ContextOf, Transaction, address_of
from stillroom_core.accounts import service
from stillroom_core.mail.service import can_mail
from stillroom_core.passkeys.proofs import find_party
from stillroom_core.providers.repository import any_provider
from stillroom_core.sessions.service import normalized_email

router = APIRouter(prefix="/api/auth", tags=["accounts"], dependencies=[Depends(check_origin)])


@router.get("/options")
async def options(context: ContextOf, session: Transaction) -> Options:
    """What the page for signing in offers."""
    settings = context.settings
    return Options(
        sign_up=settings.sign_up == "open",
        mail=can_mail(),
        sso=await any_provider(session),
        passkeys=find_party(settings) is not None,
        outbox=settings.development and settings.smtp_url is None,
    )


@router.post("/sign-up", status_code=202)
async def sign_up(body: SignUp, request: Request, context: ContextOf, session: Transaction) -> None:
    """Opens an account, which the link of a letter confirms; a known address gets the same answer."""
    await context.throttle.letter(normalized_email(body.email), address_of(request))
    await service.sign_up(session, **body.model_dump())


@router.post("/verification", status_code=202)
async def send_verification(body: EmailOnly, request: Request, context: ContextOf, session: Transaction) -> None:
    """Sends the confirming letter again, if there is something to confirm."""
    await context.throttle.letter(normalized_email(body.email), address_of(request))
    await service.ask_verification(session, email=body.email)


@router.post("/verify", status_code=204)
async def verify(body: TokenOnly, session: Transaction) -> None:
    """Confirms an address with the secret of a letter."""
    await service.verify(session, body.token)


@router.post("/forgot", status_code=202)
async def forgot(body: EmailOnly, request: Request, context: ContextOf, session: Transaction) -> None:
    """Sends a link for a new password; the answer does not tell whether there is such an account."""
    await context.throttle.letter(normalized_email(body.email), address_of(request))
    await service.ask_reset(session, email=body.email, locale=body.locale)


@router.post("/reset", status_code=204)
async def reset(body: Reset, session: Transaction) -> None:
    """Sets a new password with the secret of a letter; ends every sign-in."""
    await service.reset(session, token=body.token, password=body.password)
