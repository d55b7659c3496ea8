"""My own account: password, address, second factor, where I am signed in."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from stillroom_api.accounts.schemas import (
    AccountEvents,
    CodeOnly,
    EmailChange,
    PasswordChange,
    PasswordOnly,
    RecoveryCodes,
    SecondFactorSetup,
    SecurityRead,
    SignIn,
    SignIns,
)
from stillroom_api.authorization import Person, bearer_token
from stillroom_api.context import ContextOf, Transaction, address_of
from stillroom_core.accounts import second_factor, service
from stillroom_core.accounts.events import events_of, tell_account
from stillroom_core.accounts.sign_ins import end_other_sign_ins, end_sign_in, sign_ins_of
from stillroom_core.sessions.tokens import read

router = APIRouter(prefix="/api/me", tags=["accounts"])


def current_sign_in(request: Request, context: ContextOf) -> UUID:
    """The sign-in that this request belongs to; what is here needs one, and no other credential will do."""
    return read(context.settings, bearer_token(request)).family_id


CurrentSignIn = Annotated[UUID, Depends(current_sign_in)]


@router.get("/security")
async def security(person: Person, family: CurrentSignIn) -> SecurityRead:
    """How my account is protected."""
    return SecurityRead(
        second_factor=person.totp_enabled_at is not None,
        recovery_codes_left=len(person.recovery_hashes),
        password_changed_at=person.password_changed_at,
    )


@router.post("/password", status_code=204)
async def change_password(
    body: PasswordChange,
    request: Request,
    context: ContextOf,
    session: Transaction,
    person: Person,
    family: CurrentSignIn,
) -> None:
    """Changes my password and ends my other sign-ins."""
    async with context.throttle.guarding(person.email, address_of(request)):
        await service.change_password(session, person, current=body.current, new=body.new, family=family)


@router.post("/email", status_code=202)
async def change_email(
    body: EmailChange,
    request: Request,
    context: ContextOf,
    session: Transaction,
    person: Person,
    family: CurrentSignIn,
) -> None:
    """Sends a link to a new address, which moves my account there."""
    await context.throttle.letter(body.email.lower(), address_of(request))
    async with context.throttle.guarding(person.email, address_of(request)):
        await service.ask_new_email(session, person, email=body.email, current=body.current)


@router.post("/second-factor")
async def begin_second_factor(
    body: PasswordOnly,
    request: Request,
    context: ContextOf,
    session: Transaction,
    person: Person,
    family: CurrentSignIn,
) -> SecondFactorSetup:
    """A new secret for an authenticator application; it counts once a code of it was confirmed."""
    async with context.throttle.guarding(person.email, address_of(request)):
        await service.require_password(person, body.current)
    made = second_factor.begin(person)
    await tell_account(session, person, "account.second_factor_begin")
    return SecondFactorSetup(secret=made.secret, uri=made.uri, picture=made.picture)


@router.post("/second-factor/confirm")
async def confirm_second_factor(
    body: CodeOnly,
    request: Request,
    context: ContextOf,
    session: Transaction,
    person: Person,
    family: CurrentSignIn,
) -> RecoveryCodes:
    """Switches the second factor on; the recovery codes are shown this once."""
    async with context.throttle.guarding(person.email, address_of(request)):
        codes = second_factor.enable(person, body.code)
    await tell_account(session, person, "account.second_factor_on")
    return RecoveryCodes(codes=codes)


@router.post("/second-factor/off", status_code=204)
async def end_second_factor(
    body: PasswordOnly,
    request: Request,
    context: ContextOf,
    session: Transaction,
    person: Person,
    family: CurrentSignIn,
) -> None:
    """Switches the second factor off."""
    async with context.throttle.guarding(person.email, address_of(request)):
        await service.end_second_factor(session, person, current=body.current)


@router.get("/events")
async def account_events(
    session: Transaction,
    person: Person,
    family: CurrentSignIn,
    before: UUID | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> AccountEvents:
    """What happened to my account, newest first."""
    return AccountEvents.page(await events_of(session, person, before=before, limit=limit + 1), limit)


@router.get("/sessions")
async def sessions(session: Transaction, person: Person, family: CurrentSignIn) -> SignIns:
    """Everywhere that I am signed in."""
    return SignIns(
        items=[
            SignIn(
                id=token.family_id,
                current=token.family_id == family,
                address=token.address,
                user_agent=token.user_agent,
                began_at=began,
                last_used_at=token.created_at,
            )
            for token, began in await sign_ins_of(session, person)
        ]
    )


@router.delete("/sessions", status_code=204)
async def end_other_sessions(session: Transaction, person: Person, family: CurrentSignIn) -> None:
    """Signs me out everywhere but here."""
    await end_other_sign_ins(session, person, keep=family)


@router.delete("/sessions/{sign_in}", status_code=204)
async def end_session(sign_in: UUID, session: Transaction, person: Person, family: CurrentSignIn) -> None:
    """Ends one of my sign-ins."""
    await end_sign_in(session, person, sign_in)
