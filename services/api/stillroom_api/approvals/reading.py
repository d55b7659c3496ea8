"""Requests as one person sees them."""

from typing import Any

from stillroom_api.approvals.schemas import RequestDetail, RequestRead, Requests
from stillroom_api.jobs.schemas import ActorName, Holder, NamedDatabase, NamedPlace
from stillroom_api.plans.reading import read_plan
from stillroom_api.plans.schemas import ApproverName
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.approvals.approvers import Policy, approvers, counted, policy_of
from stillroom_core.approvals.models import WAITING, ApprovalDecision
from stillroom_core.approvals.repository import ApprovalRepository, PlacedRequest
from stillroom_core.approvals.service import Page, may_decide, may_withdraw
from stillroom_core.approvals.settling import needed_for, standing_of
from stillroom_core.database import Session
from stillroom_core.freezes.service import opening_of
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.jobs.rights import may_start
from stillroom_core.plans.service import find_plan


async def read_requests(session: Session, actor: Actor, page: Page) -> Requests:
    """A page of requests; whose approval counts is looked at for those that wait."""
    decisions = await ApprovalRepository(session, actor.organization_id).decisions(
        [placed.request.id for placed in page.items]
    )
    items = [
        RequestRead.model_validate(
            await _content(session, actor, placed, page.policies[placed.environment.id], decisions[placed.request.id])
        )
        for placed in page.items
    ]
    return Requests(items=items, next_cursor=page.next_cursor)


async def read_request(session: Session, actor: Actor, placed: PlacedRequest) -> RequestDetail:
    """One request with its plan, and who may decide."""
    policy = await policy_of(session, placed.environment)
    decisions = (await ApprovalRepository(session, actor.organization_id).decisions([placed.request.id]))[
        placed.request.id
    ]
    waits = standing_of(placed).state in WAITING
    able = await approvers(session, policy, placed.request.owners) if waits else []
    return RequestDetail.model_validate(
        {
            **await _content(session, actor, placed, policy, decisions),
            "plan": await read_plan(session, actor, await find_plan(session, actor, placed.plan.id)),
            "approvers": [ApproverName(name=one.name) for one in able[:50]],
        }
    )


async def _content(
    session: Session, actor: Actor, placed: PlacedRequest, policy: Policy, decisions: list[ApprovalDecision]
) -> dict[str, Any]:
    request, plan, standing = placed.request, placed.plan, standing_of(placed)
    waits = standing.state in WAITING
    counting = await counted(session, policy, request, decisions) if waits and decisions else decisions
    opening = await opening_of(session, placed.environment) if standing.state == "approved" else None
    return {
        "id": request.id,
        "state": standing.state,
        "ended": standing.ended,
        "kind": plan.kind,
        "revision": plan.revision,
        "organization": actor.organization_slug,
        "project": NamedPlace.of(placed.project),
        "environment": NamedPlace.of(placed.environment),
        "database": NamedDatabase(id=placed.database.id, name=placed.database.name),
        "commit": plan.commit_sha,
        "digest": plan.digest,
        "revisions": len(plan.steps) if plan.steps is not None else None,
        "plan_id": plan.id,
        "actor": ActorName(name=request.actor_name, token=request.token_name),
        "reason": request.reason,
        "asked_at": request.created_at,
        "expires_at": request.expires_at,
        "closed_at": request.closed_at,
        "closed_by": request.closed_by,
        "needed": needed_for(placed),
        "approver_role": placed.environment.approver_role,
        "approver_group": policy.group.name if policy.group else None,
        "decisions": [
            {
                "name": one.name,
                "verdict": one.verdict,
                "comment": one.comment,
                "decided_at": one.decided_at,
                "counts": one.verdict == "reject" or one in counting,
                "mine": one.user_id == actor.user_id,
            }
            for one in decisions
        ],
        "job": Holder(id=placed.job.id, number=placed.job.number) if placed.job else None,
        "permissions": _permissions(actor, placed, policy) if waits else [],
        "opens_at": opening.until if opening and not opening.open else None,
    }


def _permissions(actor: Actor, placed: PlacedRequest, policy: Policy) -> list[str]:
    place = placed.environment
    found = []
    if may_decide(actor, placed, policy):
        found.append(Permission.JOB_APPROVE)
    if may_withdraw(actor, placed) and actor.may(Permission.JOB_CANCEL, place.project_id, place):
        found.append(Permission.JOB_CANCEL)
    if actor.may(Permission.JOB_OVERRIDE, place.project_id, place) and may_start(
        actor, place, JobKind(placed.plan.kind)
    ):
        found.append(Permission.JOB_OVERRIDE)
    return [str(one) for one in found]
