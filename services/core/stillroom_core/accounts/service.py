"""Opening an account, proving its address, and its password."""

import secrets
from uuid import UUID

from sqlalchemy import exists, select, update

from stillroom_core.accounts import second_factor
from stillroom_core.accounts.events import tell_account
from stillroom_core.accounts.passwords import check_password
from stillroom_core.accounts.tokens import EMAIL, RESET, VERIFY, make_token, take_token
from stillroom_core.database import Session
from stillroom_core.errors import Conflict, Forbidden
from stillroom_core.keys import new_key
from stillroom_core.mail.service import link_to, post, require_mail
from stillroom_core.mail.texts import Letter
from stillroom_core.members.models import User
from stillroom_core.sessions.models import RefreshToken
from stillroom_core.sessions.passwords import hash_password, verify_password
from stillroom_core.sessions.service import normalized_email
from stillroom_core.settings import get_settings
from stillroom_core.tables import now
from stillroom_core.terminals.models import APPROVED, ENDED, Terminal


async def person_with(session: Session, email: str) -> User | None:
    """The person of this address."""
    found: User | None = await session.scalar(select(User).where(User.email == normalized_email(email)))
    return found


async def open_account(session: Session, *, email: str, name: str, password: str, proven: bool) -> User:
    """A new person; raises Invalid for a weak password. Whoever calls knows that the address is free."""
    await check_password(password, email, name)
    person = User(
        id=new_key(),
        email=normalized_email(email),
        name=name,
        password_hash=await hash_password(password),
        theme="system",
        token_version=0,
        unverified_since=None if proven else now(),
        recovery_hashes=[],
    )
    session.add(person)
    await session.flush()
    return person


async def open_account_of_provider(session: Session, *, email: str, name: str, instead_of: User | None = None) -> User:
    """A person whom an identity provider vouches for; nobody knows their password, which a letter can set.

    With `instead_of`, an account whose address nobody had proven becomes that person's.
    """
    nobody_knows = await hash_password(secrets.token_urlsafe(32))
    if instead_of is not None:
        instead_of.password_hash, instead_of.unverified_since = nobody_knows, None
        return instead_of
    person = User(
        id=new_key(),
        email=email,
        name=name,
        password_hash=nobody_knows,
        theme="system",
        token_version=0,
        recovery_hashes=[],
    )
    session.add(person)
    await session.flush()
    return person


async def sign_up(session: Session, *, email: str, name: str, password: str, locale: str | None) -> None:
    """Opens an account that its mail must confirm; an address that has one gets another letter, and the same answer.

    Raises Forbidden where only invited people may come, Conflict where no mail can be sent.
    """
    if get_settings().sign_up != "open":
        raise Forbidden(
            "sign_up_closed",
            "Here people come in by invitation only.",
            fix="Ask an administrator of your organization to invite you.",
        )
    require_mail()
    await check_password(password, email, name)
    known = await person_with(session, email)
    if known is not None and known.unverified_since is None:
        await hash_password(password)  # so that the answer takes as long as for a new address
        post(session, Letter.ALREADY, known.email, known.locale, name=known.name, link=link_to("forgot"))
        return
    if known is None:
        known = await open_account(session, email=email, name=name, password=password, proven=False)
    else:
        # Never confirmed: the last one who tried has it, if the mail reaches them.
        known.name, known.password_hash = name, await hash_password(password)
    known.locale = locale
    await session.flush()
    await tell_account(session, known, "account.open")
    await send_verification(session, known)


async def send_verification(session: Session, person: User) -> None:
    """Sends the link that confirms an address."""
    token = await make_token(session, person, VERIFY, person.email)
    post(session, Letter.VERIFY, person.email, person.locale, name=person.name, link=link_to("verify", token))


async def ask_verification(session: Session, *, email: str) -> None:
    """Sends that link again where there is something to confirm; nobody is told whether there is."""
    require_mail()
    person = await person_with(session, email)
    if person is not None and person.unverified_since is not None:
        await send_verification(session, person)


async def verify(session: Session, token: str) -> User:
    """Confirms an address, or moves the account to a new one; raises Invalid for a link that ended."""
    found, person = await take_token(session, token, VERIFY, EMAIL)
    if found.kind == EMAIL:
        if await session.scalar(select(exists().where(User.email == found.email))):
            raise email_taken()
        before, person.email = person.email, found.email
        await end_sign_ins(session, person)
        await tell_account(session, person, "account.email_change", _moved(before, found.email))
    else:
        await tell_account(session, person, "account.verify")
    person.unverified_since = None
    return person


async def ask_reset(session: Session, *, email: str, locale: str | None) -> None:
    """Sends a link for a new password, or to an address without account a letter that says so."""
    require_mail()
    person = await person_with(session, email)
    if person is None or person.disabled_at is not None:
        post(session, Letter.NO_ACCOUNT, normalized_email(email), locale)
        return
    token = await make_token(session, person, RESET, person.email)
    post(session, Letter.RESET, person.email, person.locale, name=person.name, link=link_to("reset", token))


async def reset(session: Session, *, token: str, password: str) -> User:
    """Sets a new password by a link of a letter and ends every sign-in; the second factor stays as it is.

    Raises Invalid for a link that ended or a weak password; then the link still works.
    """
    found, person = await take_token(session, token, RESET)
    await check_password(password, person.email, person.name)
    person.unverified_since = None if person.email == found.email else person.unverified_since
    await _set_password(session, person, password, keep=None)
    await tell_account(session, person, "account.password_reset")
    return person


async def change_password(session: Session, person: User, *, current: str, new: str, family: UUID) -> None:
    """A new password for who knows the present one; ends every other sign-in."""
    await require_password(person, current)
    await check_password(new, person.email, person.name)
    await _set_password(session, person, new, keep=family)
    await tell_account(session, person, "account.password_change")


async def ask_new_email(session: Session, person: User, *, email: str, current: str) -> None:
    """Sends a link to the new address; until it is followed the account stays where it is."""
    await require_password(person, current)
    require_mail()
    email = normalized_email(email)
    if await person_with(session, email) is not None:
        raise email_taken()
    token = await make_token(session, person, EMAIL, email)
    post(session, Letter.VERIFY, email, person.locale, name=person.name, link=link_to("verify", token))
    await tell_account(session, person, "account.email_ask", {"email": email})


async def end_second_factor(session: Session, person: User, *, current: str) -> None:
    """Switches the second factor off for who knows the password, and tells the person by mail."""
    await require_password(person, current)
    second_factor.disable(person)
    await tell_account(session, person, "account.second_factor_off")
    link = link_to("forgot")
    post(session, Letter.SECOND_FACTOR_OFF, person.email, person.locale, name=person.name, link=link)


async def require_password(person: User, password: str) -> None:
    """Raises Forbidden unless this is the person's password: for what a borrowed screen must not do."""
    right, _ = await verify_password(password, person.password_hash)
    if not right:
        raise Forbidden(
            "wrong_password",
            "The present password is wrong.",
            fix="Enter the password that you sign in with.",
            fields={"current": "wrong"},
        )


async def end_sign_ins(session: Session, person: User, *, keep: UUID | None = None) -> None:
    """Ends every sign-in of the person, or every other one; access tokens end with them at once.

    Terminals that were approved and have not come in yet never will. They are first: one that comes in at this moment
    is waited for, and what it got is ended with the others.
    """
    approved = update(Terminal).where(Terminal.user_id == person.id, Terminal.state == APPROVED)
    await session.execute(approved.values(state=ENDED))
    ended = update(RefreshToken).where(RefreshToken.user_id == person.id, RefreshToken.revoked_at.is_(None))
    if keep is not None:
        ended = ended.where(RefreshToken.family_id != keep)
    await session.execute(ended.values(revoked_at=now()))


def email_taken() -> Conflict:
    """Said only to who has shown a password or an invitation for an address."""
    return Conflict("email_taken", "Another account has this address.", fix="Use another address, or that account.")


def _moved(before: str, after: str) -> dict[str, dict[str, str]]:
    return {"before": {"email": before}, "after": {"email": after}}


async def _set_password(session: Session, person: User, password: str, *, keep: UUID | None) -> None:
    person.password_hash = await hash_password(password)
    person.password_changed_at = now()
    await end_sign_ins(session, person, keep=keep)
    post(session, Letter.PASSWORD_CHANGED, person.email, person.locale, name=person.name, link=link_to("forgot"))
