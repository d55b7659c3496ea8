"""Signing in with a passkey alone: it says who, and counts as both factors."""

from redis.asyncio import Redis

from stillroom_core.accounts.events import tell_account
from stillroom_core.database import Session
from stillroom_core.errors import Forbidden, Invalid
from stillroom_core.passkeys.proofs import Answer, credential_id_in, find_passkey, use
from stillroom_core.sessions.service import Client, SignedIn, check_admitted, issue
from stillroom_core.sessions.throttle import Throttle
from stillroom_core.settings import Settings


async def sign_in(
    session: Session, redis: "Redis", settings: Settings, throttle: Throttle, *, answer: Answer, client: Client
) -> SignedIn:
    """Verifies the answer and signs its person in; raises Invalid or Forbidden, and Throttled after too many of it."""
    credential_id = credential_id_in(answer)
    whose = await find_passkey(session, credential_id)
    account = whose[1].email if whose else f"passkey:{credential_id.hex()[:64]}"
    await throttle.check(account, client.address)
    try:
        passkey, person = await use(session, redis, settings, answer)
    except Invalid:
        await throttle.failed(account, client.address)
        raise
    if person.disabled_at is not None or person.kind != "person":
        raise Forbidden("account_disabled", "This account is switched off.", fix="Ask the operator.")
    await check_admitted(session, person)
    await throttle.succeeded(account)
    told = {"method": "passkey", "second_factor": True, "passkey": passkey.name}
    await tell_account(session, person, "account.sign_in", told)
    return await issue(session, settings, person, client=client)


async def tell_refused(session: Session, answer: Answer, reason: str) -> None:
    """Tells whose passkey it is of a refused sign-in; by itself, because the attempt was rolled back."""
    try:
        whose = await find_passkey(session, credential_id_in(answer))
    except Invalid:
        return
    if whose is not None:
        await tell_account(session, whose[1], "account.sign_in", outcome="refused", reason=reason)
