"""Telling of a request: webhooks hear that an approval is needed, and whoever may give it gets a letter."""

from sqlalchemy import select

from stillroom_core.approvals.approvers import approvers, policy_of
from stillroom_core.approvals.repository import PlacedRequest
from stillroom_core.database import Session
from stillroom_core.happenings.kinds import Happening
from stillroom_core.happenings.telling import emit
from stillroom_core.mail.service import can_mail, link_to, post
from stillroom_core.mail.texts import Letter
from stillroom_core.members.models import User

# An organization of thousands whose every member may approve is not written to as a whole.
_MOST_LETTERS = 50


async def tell_asked(session: Session, organization: str, placed: PlacedRequest) -> None:
    """Tells of a request that was just made; `organization` is the short name for the link."""
    request, plan, place = placed.request, placed.plan, placed.environment
    what = f"{plan.kind} {plan.revision or ''} · {placed.project.name} / {place.name} / {placed.database.name}"
    link = link_to(f"{organization}/approvals/{request.id}")
    await emit(
        session,
        Happening.JOB_NEEDS_APPROVAL,
        organization_id=request.organization_id,
        project_id=request.project_id,
        environment_id=request.environment_id,
        database_id=request.database_id,
        text=f"{request.actor_name} asks for an approval: {what}",
        data={"request": {"id": str(request.id), "url": link, "plan": str(plan.id), "reason": request.reason}},
    )
    if not can_mail():
        return
    able = await approvers(session, await policy_of(session, place), request.owners)
    keys = [actor.user_id for actor in able[:_MOST_LETTERS]]
    for person in await session.scalars(select(User).where(User.id.in_(keys))):
        values = {"name": person.name, "asker": request.actor_name, "what": what, "link": link}
        post(session, Letter.APPROVAL_ASKED, person.email, person.locale, **values)
