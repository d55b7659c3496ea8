"""Where somebody is signed in."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import distinct_on

from stillroom_core.accounts.events import tell_account
from stillroom_core.accounts.service import end_sign_ins
from stillroom_core.database import Session
from stillroom_core.errors import not_found
from stillroom_core.members.models import User
from stillroom_core.sessions.models import RefreshToken
from stillroom_core.sessions.service import end_family
from stillroom_core.tables import now


async def sign_ins_of(session: Session, person: User) -> Sequence[tuple[RefreshToken, datetime]]:
    """The newest token of each sign-in that lasts, with when it began; the last used first."""
    began = (
        select(RefreshToken.family_id, func.min(RefreshToken.created_at).label("began"))
        .where(RefreshToken.user_id == person.id)
        .group_by(RefreshToken.family_id)
        .subquery()
    )
    rows = await session.execute(
        select(RefreshToken, began.c.began)
        .join(began, began.c.family_id == RefreshToken.family_id)
        .where(RefreshToken.user_id == person.id, RefreshToken.revoked_at.is_(None), RefreshToken.expires_at > now())
        .ext(distinct_on(RefreshToken.family_id))
        .order_by(RefreshToken.family_id, RefreshToken.id.desc())
    )
    return sorted(((token, since) for token, since in rows), key=lambda pair: pair[0].created_at, reverse=True)


async def end_sign_in(session: Session, person: User, family: UUID) -> None:
    """Ends one of the person's own sign-ins; NotFound for anybody else's."""
    own = await session.scalar(
        select(RefreshToken.id).where(RefreshToken.user_id == person.id, RefreshToken.family_id == family).limit(1)
    )
    if own is None:
        raise not_found("sign-in")
    await end_family(session, family)
    await tell_account(session, person, "account.session_end", {"session": family})


async def end_other_sign_ins(session: Session, person: User, *, keep: UUID) -> None:
    """Ends every sign-in of the person but this one."""
    await end_sign_ins(session, person, keep=keep)
    await tell_account(session, person, "account.sessions_end")
