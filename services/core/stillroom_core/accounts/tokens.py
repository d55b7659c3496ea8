"""Links that prove something once: made, mailed as a secret, kept as a digest."""

import hashlib
import secrets
from datetime import timedelta

from sqlalchemy import delete, select, update

from stillroom_core.accounts.models import AccountToken
from stillroom_core.database import Session
from stillroom_core.errors import Invalid
from stillroom_core.keys import new_key
from stillroom_core.members.models import User
from stillroom_core.tables import now

VERIFY, RESET, EMAIL = "verify", "reset", "email"
_LIFE = {VERIFY: timedelta(days=2), RESET: timedelta(hours=1), EMAIL: timedelta(days=2)}


def digest(token: str) -> bytes:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


async def make_token(session: Session, person: User, kind: str, email: str) -> str:
    """A new link of this kind; the earlier ones stop working."""
    await session.execute(delete(AccountToken).where(AccountToken.user_id == person.id, AccountToken.kind == kind))
    token = secrets.token_urlsafe(32)
    session.add(
        AccountToken(
            id=new_key(),
            user_id=person.id,
            kind=kind,
            email=email,
            token_hash=digest(token),
            expires_at=now() + _LIFE[kind],
        )
    )
    return token


async def take_token(session: Session, token: str, *kinds: str) -> tuple[AccountToken, User]:
    """Uses a link up; raises Invalid when it is unknown, too old, used, or of another kind."""
    found = await session.scalar(
        update(AccountToken)
        .where(
            AccountToken.token_hash == digest(token),
            AccountToken.kind.in_(kinds),
            AccountToken.used_at.is_(None),
            AccountToken.expires_at > now(),
        )
        .values(used_at=now())
        .returning(AccountToken)
    )
    person = await session.scalar(select(User).where(User.id == found.user_id)) if found else None
    if found is None or person is None or person.disabled_at is not None:
        raise Invalid(
            "link_ended",
            "This link does not work any more.",
            detail="It was used, is too old, or a newer one was sent.",
            fix="Ask for a new one.",
        )
    return found, person
