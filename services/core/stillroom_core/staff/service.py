"""Who is platform staff. It is decided on the host, never by a request: no route gives or takes it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import exists, select

from stillroom_core.database import Session
from stillroom_core.errors import Forbidden, not_found
from stillroom_core.members.models import User
from stillroom_core.sessions.service import normalized_email
from stillroom_core.staff.models import Staff
from stillroom_core.tables import now

# Of its own: no role in an organization gives it, and it gives nothing in any.
PLATFORM_READ = "platform.read"


@dataclass(frozen=True)
class Member:
    """One of the staff."""

    email: str
    name: str
    since: datetime


async def is_staff(session: Session, person: User) -> bool:
    """Whether somebody is platform staff now."""
    present = select(Staff.user_id).where(Staff.user_id == person.id, Staff.ended_at.is_(None))
    return await session.scalar(present) is not None


async def check_staff(session: Session, person: User) -> None:
    """Raises Forbidden for everybody else."""
    if not await is_staff(session, person):
        raise Forbidden(
            "staff_needed",
            "This is for those who run the installation.",
            fix="Whoever runs it makes somebody staff on its host: stillroom staff add E-MAIL.",
            params={"permission": PLATFORM_READ},
        )


async def listing(session: Session) -> Sequence[Member]:
    """The staff, by e-mail."""
    rows = await session.execute(
        select(User.email, User.name, Staff.since)
        .join(Staff, Staff.user_id == User.id)
        .where(Staff.ended_at.is_(None))
        .order_by(User.email)
    )
    return [Member(*row) for row in rows]


async def add(session: Session, email: str) -> bool:
    """Makes somebody staff; whether they were not yet. Raises NotFound where nobody signs in with this address."""
    person = await _person(session, email)
    known = await session.get(Staff, person.id)
    if known is None:
        session.add(Staff(user_id=person.id))
        return True
    fresh = known.ended_at is not None
    known.ended_at = None
    if fresh:
        known.since = now()
    return fresh


async def remove(session: Session, email: str) -> bool:
    """Ends it; whether they were. Raises NotFound where nobody signs in with this address."""
    person = await _person(session, email)
    known = await session.get(Staff, person.id)
    if known is None or known.ended_at is not None:
        return False
    known.ended_at = now()
    return True


async def begin_with(session: Session, person: User) -> None:
    """Makes the first administrator staff, where nobody ever was."""
    if not await session.scalar(select(exists().select_from(Staff))):
        session.add(Staff(user_id=person.id))


async def _person(session: Session, email: str) -> User:
    found = await session.scalar(select(User).where(User.email == normalized_email(email), User.kind == "person"))
    if found is None:
        raise not_found("person")
    return found
