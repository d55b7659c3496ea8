"""My own passkeys."""

from uuid import UUID

from fastapi import APIRouter, Request

from stillroom_api.accounts.mine import CurrentSignIn
from stillroom_api.authorization import Person
from stillroom_api.context import ContextOf, Transaction, address_of
from stillroom_api.passkeys.schemas import (
    PasskeyName,
    PasskeyNew,
    PasskeyOptions,
    PasskeyPassword,
    PasskeyRead,
    Passkeys,
)
from stillroom_core.passkeys import service

router = APIRouter(prefix="/api/me/passkeys", tags=["passkeys"])


@router.get("")
async def list_passkeys(session: Transaction, person: Person, family: CurrentSignIn) -> Passkeys:
    """My passkeys."""
    found = await service.passkeys_of(session, person)
    return Passkeys(items=[PasskeyRead.model_validate(one) for one in found])


@router.post("/begin")
async def begin_passkey(
    body: PasskeyPassword,
    request: Request,
    context: ContextOf,
    session: Transaction,
    person: Person,
    family: CurrentSignIn,
) -> PasskeyOptions:
    """What a device makes a new passkey from; takes the password."""
    async with context.throttle.guarding(person.email, address_of(request)):
        options = await service.begin_adding(
            session, context.redis, context.settings, person, family=family, current=body.current
        )
    return PasskeyOptions(options=options)


@router.post("", status_code=201)
async def add_passkey(
    body: PasskeyNew, context: ContextOf, session: Transaction, person: Person, family: CurrentSignIn
) -> PasskeyRead:
    """Adds the passkey that the device made."""
    added = await service.add(
        session,
        context.redis,
        context.settings,
        person,
        family=family,
        name=body.name,
        answer=body.credential.as_answer(),
    )
    return PasskeyRead.model_validate(added)


@router.patch("/{passkey}")
async def rename_passkey(
    passkey: UUID, body: PasskeyName, session: Transaction, person: Person, family: CurrentSignIn
) -> PasskeyRead:
    """Gives one of my passkeys another name."""
    return PasskeyRead.model_validate(await service.rename(session, person, passkey, body.name))


@router.post("/{passkey}/remove", status_code=204)
async def remove_passkey(
    passkey: UUID,
    body: PasskeyPassword,
    request: Request,
    context: ContextOf,
    session: Transaction,
    person: Person,
    family: CurrentSignIn,
) -> None:
    """Removes one of my passkeys; takes the password, which so stays a way in."""
    async with context.throttle.guarding(person.email, address_of(request)):
        await service.remove(session, person, passkey, current=body.current)
