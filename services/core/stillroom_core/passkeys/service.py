"""A person's own passkeys: adding, naming, removing. Each change of what opens the account takes the password."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import webauthn
from redis.asyncio import Redis
from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from webauthn.helpers import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from stillroom_core.accounts.events import tell_account
from stillroom_core.accounts.service import require_password
from stillroom_core.database import Session
from stillroom_core.errors import Conflict, not_found
from stillroom_core.keys import new_key
from stillroom_core.mail.service import link_to, post
from stillroom_core.mail.texts import Letter
from stillroom_core.members.models import User
from stillroom_core.passkeys import challenges
from stillroom_core.passkeys.models import Passkey
from stillroom_core.passkeys.proofs import Answer, challenge_in, party_of, verify_new
from stillroom_core.settings import Settings

MOST = 20
_NAME = "Stillroom"
_TRANSPORTS = frozenset(one.value for one in AuthenticatorTransport)


async def passkeys_of(session: Session, person: User) -> Sequence[Passkey]:
    """The person's passkeys, the oldest first."""
    rows = await session.scalars(select(Passkey).where(Passkey.user_id == person.id).order_by(Passkey.id))
    return rows.all()


async def begin_adding(
    session: Session, redis: "Redis", settings: Settings, person: User, *, family: UUID, current: str
) -> dict[str, Any]:
    """What the browser hands to the device, for who knows the password; raises Conflict where no more fit."""
    party = party_of(settings)
    await require_password(person, current)
    present = await passkeys_of(session, person)
    if len(present) >= MOST:
        raise _full()
    challenge = await challenges.for_adding(redis, person.id, family)
    options = webauthn.generate_registration_options(
        rp_id=party.id,
        rp_name=_NAME,
        user_id=person.id.bytes,
        user_name=person.email,
        user_display_name=person.name or person.email,
        challenge=challenge,
        timeout=_timeout_ms(),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED,
            require_resident_key=True,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[_described(one) for one in present],
    )
    await tell_account(session, person, "account.passkey_begin")
    return options_to_json_dict(options)


async def add(
    session: Session, redis: "Redis", settings: Settings, person: User, *, family: UUID, name: str, answer: Answer
) -> Passkey:
    """Keeps what the device made; raises Invalid for an answer that is not right, Conflict for one that is known."""
    party = party_of(settings)
    challenge = challenge_in(party, answer)
    await challenges.take_for_adding(redis, challenge, person.id, family)
    made = verify_new(party, challenge, answer)
    await session.refresh(person, with_for_update=True)  # two at once are counted one after the other
    if (await session.scalar(select(func.count()).where(Passkey.user_id == person.id)) or 0) >= MOST:
        raise _full()
    transports = answer["response"].get("transports") or []
    added: Passkey | None = await session.scalar(
        insert(Passkey)
        .values(
            id=new_key(),
            user_id=person.id,
            name=name,
            credential_id=made.credential_id,
            public_key=made.credential_public_key,
            sign_count=made.sign_count,
            transports=sorted(_TRANSPORTS.intersection(one for one in transports if isinstance(one, str))),
            backed_up=made.credential_backed_up,
        )
        .on_conflict_do_nothing(index_elements=[Passkey.credential_id])
        .returning(Passkey)
    )
    if added is None:
        raise Conflict("passkey_known", "This passkey is in use already.", fix="Use another device or another key.")
    await _tell(session, person, "account.passkey_add", added, Letter.PASSKEY_ADDED)
    return added


async def rename(session: Session, person: User, key: UUID, name: str) -> Passkey:
    """Another name for one of the person's own; NotFound for anybody else's."""
    passkey = await _own(session, person, key)
    before, passkey.name = passkey.name, name
    details = {"before": {"name": before}, "after": {"name": name}}
    await tell_account(session, person, "account.passkey_rename", details)
    return passkey


async def remove(session: Session, person: User, key: UUID, *, current: str) -> None:
    """Removes one of the person's own, for who knows the password: so there is always another way in."""
    await require_password(person, current)
    passkey = await _own(session, person, key)
    await session.delete(passkey)
    await _tell(session, person, "account.passkey_remove", passkey, Letter.PASSKEY_REMOVED)


async def begin_sign_in(redis: "Redis", settings: Settings) -> dict[str, Any]:
    """What the browser hands to the device of whoever signs in, who need not have said who they are."""
    options = webauthn.generate_authentication_options(
        rp_id=party_of(settings).id,
        challenge=await challenges.for_sign_in(redis),
        timeout=_timeout_ms(),
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


async def _own(session: Session, person: User, key: UUID) -> Passkey:
    found = await session.scalar(select(Passkey).where(Passkey.id == key, Passkey.user_id == person.id))
    if found is None:
        raise not_found("passkey")
    return found


async def _tell(session: Session, person: User, action: str, passkey: Passkey, letter: Letter) -> None:
    await tell_account(session, person, action, {"passkey": passkey.name})
    post(
        session,
        letter,
        person.email,
        person.locale,
        name=person.name,
        passkey=passkey.name,
        link=link_to("forgot"),
    )


def _described(passkey: Passkey) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(one) for one in passkey.transports]
    return PublicKeyCredentialDescriptor(id=passkey.credential_id, transports=transports)


def _timeout_ms() -> int:
    return int(challenges.LIFE.total_seconds() * 1000)


def _full() -> Conflict:
    return Conflict(
        "passkeys_full",
        "There are as many passkeys as an account may have.",
        detail=f"An account has at most {MOST}.",
        fix="Remove one that you do not use any more.",
    )
