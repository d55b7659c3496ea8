"""What becomes of a request: it starts, ends without a job, or waits on. Everything here may be repeated.

Called whenever something was decided, and again and again by the sweeper: nobody need look for a plan to become void,
for a request to expire, or for a change window to open.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from stillroom_core.actors.actor import Actor
from stillroom_core.approvals.approvers import counted, policy_of, present_actor
from stillroom_core.approvals.models import WAITING
from stillroom_core.approvals.repository import ApprovalRepository, PlacedRequest
from stillroom_core.database import Session
from stillroom_core.errors import Conflict
from stillroom_core.freezes.service import opening_of
from stillroom_core.jobs.conditions import Passed
from stillroom_core.jobs.lifecycle import JobKind
from stillroom_core.jobs.rights import may_ask
from stillroom_core.jobs.service import start_job
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.plans.basis import Basis, CommitName, Difference, differences
from stillroom_core.plans.service import knows_heads
from stillroom_core.tables import now
from stillroom_core.tokens.models import ApiToken


@dataclass(frozen=True)
class Standing:
    """Where a request stands now, also where nobody has written that down yet."""

    state: str
    ended: dict[str, Any] | None  # {code, sentences}: why nothing comes of it any more


def moved(placed: PlacedRequest) -> list[Difference]:
    """What of the plan's basis has moved; empty while nobody knows where the database stands."""
    plan, database = placed.plan, placed.database
    commit = CommitName(plan.commit_id, plan.commit_sha) if plan.commit_chosen else placed.commit
    if commit is None or not knows_heads(database):
        return []
    present = Basis.now(
        placed.project,
        placed.environment,
        database,
        commit,
        JobKind(plan.kind),
        database.heads or [],
        database.version_tables or [],
    )
    return differences(Basis.of_plan(plan), present)


def standing_of(placed: PlacedRequest) -> Standing:
    """Where a request stands by what can be seen without asking for anybody's rights."""
    request = placed.request
    if request.state not in WAITING:
        return Standing(request.state, request.ended)
    if placed.job is not None:
        return Standing("started", None)
    if request.expires_at <= now():
        return Standing("expired", {"code": "expired", "sentences": []})
    if found := moved(placed):
        return Standing("void", {"code": "plan_stale", "sentences": [one.sentence for one in found]})
    return Standing(request.state, None)


def needed_for(placed: PlacedRequest) -> int:
    """How many must agree, by what the environment asks for now."""
    return max(placed.environment.approvals_needed, placed.request.least)


async def settle(session: Session, organization_id: UUID, key: UUID) -> PlacedRequest:
    """Does what is due for one request, and gives it as it stands then. Raises NotFound.

    Approvals count when the job is queued: of who has lost the right to approve since, or is no member any more, the
    approval does not. Who asked must still be somebody who may ask.
    """
    repository = ApprovalRepository(session, organization_id)
    await repository.hold(key)
    placed = await repository.by_id(key)
    request = placed.request
    if request.state not in WAITING:
        return placed
    standing = standing_of(placed)
    if standing.state not in WAITING:
        return _close(session, placed, standing.state, standing.ended)
    actor = await _asker(session, placed)
    if actor is None:
        return _close(session, placed, "void", {"code": "requester_gone", "sentences": []})
    policy = await policy_of(session, placed.environment)
    decisions = (await repository.decisions([key]))[key]
    agreed = await counted(session, policy, request, decisions)
    enough = len(agreed) >= needed_for(placed)
    if not enough:
        _become(session, placed, "open")
    elif (await opening_of(session, placed.environment)).open and knows_heads(placed.database):
        return await _start(session, placed, actor)
    else:
        _become(session, placed, "approved")
    return placed


async def _start(session: Session, placed: PlacedRequest, actor: Actor) -> PlacedRequest:
    request, plan = placed.request, placed.plan
    try:
        # Of its own: what is refused here must not undo what was decided.
        async with session.begin_nested():
            started = await start_job(
                session,
                actor,
                project=placed.project,
                environment=placed.environment,
                database=placed.database,
                kind=JobKind(plan.kind),
                revision=plan.revision,
                plan_id=plan.id,
                reason=request.reason,
                idempotency_key=request.idempotency_key,
                passed=Passed(request_id=request.id, token_name=request.token_name, digest=request.request_digest),
            )
    except Conflict as refusal:
        if refusal.code in ("plan_stale", "plan_expired"):
            return _close(session, placed, "void", {"code": refusal.code, "sentences": [refusal.detail]})
        # The predecessor has taken something back meanwhile, or its freeze has begun: it waits on.
        _become(session, placed, "approved")
        return placed
    _close(session, placed, "started", None)
    return replace(placed, job=started.job)


async def _asker(session: Session, placed: PlacedRequest) -> Actor | None:
    """Who asked, with the rights that they have now; None where these do not reach, or the token was revoked.

    That a token has expired meanwhile is no matter: it was good when it asked, and short-lived ones always have.
    """
    request = placed.request
    actor = await present_actor(session, request.organization_id, request.actor_id)
    token = await session.get(ApiToken, request.token_id) if request.token_id else None
    if actor is None or (token is not None and token.revoked_at is not None):
        return None
    return actor if may_ask(actor, placed.environment, JobKind(placed.plan.kind)) else None


def _close(session: Session, placed: PlacedRequest, state: str, ended: dict[str, Any] | None) -> PlacedRequest:
    request = placed.request
    request.state, request.ended, request.closed_at = state, ended, now()
    _tell(session, placed)
    return placed


def _become(session: Session, placed: PlacedRequest, state: str) -> None:
    if placed.request.state != state:
        placed.request.state = state
        _tell(session, placed)


def _tell(session: Session, placed: PlacedRequest) -> None:
    notice_after_commit(session, placed.request.organization_id, placed.request.project_id, About.APPROVALS)
