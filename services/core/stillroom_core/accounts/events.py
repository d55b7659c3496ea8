"""What happened to an account: kept for the person, and told in the audit log of each of their organizations."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, select

from stillroom_core.accounts.models import AccountEvent
from stillroom_core.actors.acting import acting_in
from stillroom_core.audit.changes import without_secrets
from stillroom_core.audit.service import write_of_account
from stillroom_core.database import Session
from stillroom_core.members.models import Membership, User
from stillroom_core.tenancy import everything

_KEPT = timedelta(days=400)


async def tell_account(
    session: Session,
    person: User,
    action: str,
    details: Mapping[str, Any] | None = None,
    *,
    outcome: str = "done",
    reason: str | None = None,
    elsewhere: bool = True,
) -> None:
    """One event of the account, in the transaction of what happened; `account.verb`.

    The organizations are told too, unless it concerns nobody else (`elsewhere`), in one order everywhere, so that two
    sign-ins of colleagues do not wait for each other crosswise.
    """
    origin = acting_in(session).origin
    session.add(
        AccountEvent(
            user_id=person.id,
            action=action,
            outcome=outcome,
            reason=reason,
            address=origin.address[:64],
            user_agent=origin.user_agent[:300],
            details=without_secrets(details) or {},
        )
    )
    await session.flush()
    if not elsewhere:
        return
    async with everything(session):
        organizations = await session.scalars(
            select(Membership.organization_id)
            .where(Membership.user_id == person.id)
            .order_by(Membership.organization_id)
        )
        for organization_id in organizations.all():
            await write_of_account(session, organization_id, person, action, details, outcome=outcome, reason=reason)


async def events_of(session: Session, person: User, *, before: UUID | None, limit: int) -> Sequence[AccountEvent]:
    """The person's own events, newest first."""
    wanted = select(AccountEvent).where(AccountEvent.user_id == person.id)
    if before is not None:
        wanted = wanted.where(AccountEvent.id < before)
    return (await session.scalars(wanted.order_by(AccountEvent.id.desc()).limit(limit))).all()


async def forget_old_events(session: Session) -> None:
    """Removes what is older than a year and a bit; the organizations' own entries stay."""
    await session.execute(delete(AccountEvent).where(AccountEvent.created_at < func.now() - _KEPT))
