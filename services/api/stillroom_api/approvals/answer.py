"""What whoever asked for a move is told: the job, or that it waits for others."""

from fastapi import Request
from fastapi.responses import Response

from stillroom_api.context import get_context
from stillroom_api.jobs.reading import read_job
from stillroom_api.jobs.schemas import JobRead
from stillroom_api.problems import answer_problem, problem_of
from stillroom_core.actors.actor import Actor
from stillroom_core.approvals.repository import PlacedRequest
from stillroom_core.approvals.settling import needed_for, standing_of
from stillroom_core.database import Session
from stillroom_core.errors import Conflict
from stillroom_core.jobs.repository import PlacedJob


async def answer_move(
    request: Request, session: Session, actor: Actor, found: PlacedJob | PlacedRequest
) -> JobRead | Response:
    """The job, or the problem `approval_needed` with the link to the request.

    An answer and not an exception: what was asked for stays asked for.
    """
    if isinstance(found, PlacedJob):
        return await read_job(session, actor, found)
    link = f"{get_context(request).settings.public_url}/{actor.organization_slug}/approvals/{found.request.id}"
    problem = Conflict(
        "approval_needed",
        f"On {found.environment.name} this needs the approval of others, who have been asked.",
        fix="It starts by itself once enough of them have approved.",
        params={
            "request": str(found.request.id),
            "state": standing_of(found).state,
            "needed": needed_for(found),
            "link": link,
            "expires_at": found.request.expires_at.isoformat(),
        },
    )
    return answer_problem(request, problem_of(problem))
