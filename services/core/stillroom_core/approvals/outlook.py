"""What stands between a plan and its job for one person: for the page of the plan, before anything is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.approvals.approvers import Policy, approvers, policy_of
from stillroom_core.approvals.models import ApprovalRequest
from stillroom_core.approvals.repository import ApprovalRepository
from stillroom_core.approvals.service import owners_of
from stillroom_core.database import Session
from stillroom_core.freezes.service import opening_of
from stillroom_core.jobs.conditions import Conditions
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.jobs.rights import approvals_needed, may_ask
from stillroom_core.plans.predecessor import precedence_of
from stillroom_core.plans.repository import PlacedPlan
from stillroom_core.projects.repository import ProjectRepository


@dataclass(frozen=True)
class Outlook:
    """The conditions of a plan, who may open them, and what this person may do about them."""

    conditions: Conditions
    policy: Policy
    approvers: Sequence[Actor]  # who may approve it, if this person asks
    request: ApprovalRequest | None  # the last one for this very plan
    may_ask: bool  # start it, or where others must agree ask them
    may_override: bool


async def outlook_of(session: Session, actor: Actor, placed: PlacedPlan) -> Outlook:
    """The outlook of a plan for somebody who looks at it; a dozen queries whatever the size of the organization."""
    plan, place, kind = placed.plan, placed.environment, JobKind(placed.plan.kind)
    commit = await ProjectRepository(session, actor.organization_id).commit(plan.commit_id)
    needed = approvals_needed(actor, place, kind)
    policy = await policy_of(session, place)
    conditions = Conditions(needed, await opening_of(session, place), await precedence_of(session, place, plan, commit))
    return Outlook(
        conditions=conditions,
        policy=policy,
        approvers=await approvers(session, policy, await owners_of(session, actor)) if needed else [],
        request=await ApprovalRepository(session, actor.organization_id).newest_of_plan(plan.id),
        may_ask=may_ask(actor, place, kind),
        may_override=actor.may(Permission.JOB_OVERRIDE, place.project_id, place) and may_ask(actor, place, kind),
    )
