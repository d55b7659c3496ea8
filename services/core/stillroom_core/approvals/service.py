"""Asking for approval, deciding about it, and taking the question back."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from stillroom_core.actors.actor import Actor
from stillroom_core.approvals.approvers import (
    Policy,
    check_may_decide,
    is_own,
    policy_of,
)
from stillroom_core.approvals.models import WAITING, ApprovalDecision, ApprovalRequest
from stillroom_core.approvals.repository import ApprovalRepository, PlacedRequest, Show
from stillroom_core.approvals.settling import settle, standing_of
from stillroom_core.approvals.telling import tell_asked
from stillroom_core.audit.service import Subject, record
from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_core.errors import Conflict, Forbidden, not_found
from stillroom_core.jobs.conditions import Passed, check_precedence, conditions_of
from stillroom_core.jobs.lifecycle import CHANGES_DATABASE, JobKind
from stillroom_core.jobs.repository import JobRepository, PlacedJob
from stillroom_core.jobs.rights import approvals_needed, may_start
from stillroom_core.jobs.service import check_reason, digest_of_move, start_job
from stillroom_core.keys import new_key
from stillroom_core.live.notices import About, notice_after_commit
from stillroom_core.members.models import User
from stillroom_core.plans.models import Plan
from stillroom_core.plans.service import check_revision_given, commit_of_plan, knows_heads, named_plan, new_plan
from stillroom_core.projects.models import Project
from stillroom_core.projects.service import required_commit
from stillroom_core.tables import now
from stillroom_core.tokens.models import ApiToken

_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Move:
    """What somebody wants done to one database."""

    project: Project
    environment: Environment
    database: Database
    kind: JobKind
    revision: str | None
    plan_id: UUID | None = None
    idempotency_key: str | None = None
    override: str | None = None  # the reason to do without approvals, windows and predecessor
    reason: str | None = None  # for those who are asked, and kept with the job


async def start_or_ask(session: Session, actor: Actor, move: Move) -> PlacedJob | PlacedRequest:
    """Queues a job, or asks for approval where others must agree first: then the job starts when they have.

    The same idempotency key gives the same request, and its job once there is one. Raises what `start_job` raises;
    the change window may be closed while approvals are collected.
    """
    needed = approvals_needed(actor, move.environment, move.kind)
    asked = await _asked_before(session, actor, move)
    if asked is not None and asked.job is None:
        return asked
    if asked is not None and asked.job is not None:
        return await JobRepository(session, actor.organization_id).by_id(asked.job.id)
    started = await _started_before(session, actor, move)
    if needed and move.override is None and not started:
        return await _ask(session, actor, move)
    placed = await start_job(
        session,
        actor,
        project=move.project,
        environment=move.environment,
        database=move.database,
        kind=move.kind,
        revision=move.revision,
        plan_id=move.plan_id,
        reason=move.reason,
        idempotency_key=move.idempotency_key,
        passed=Passed(override=move.override),
    )
    if placed.job.overrode and not started:
        _tell_override(session, actor, placed)
    await _close_waiting(session, actor, placed)
    return placed


async def find_request(session: Session, actor: Actor, key: UUID) -> PlacedRequest:
    """One request; NotFound when absent or in a project that the actor does not see."""
    placed = await ApprovalRepository(session, actor.organization_id).by_id(key)
    if not actor.sees_project(placed.request.project_id):
        raise not_found("request")
    return placed


async def decide(session: Session, actor: Actor, key: UUID, *, approve: bool, comment: str | None) -> PlacedRequest:
    """Approves or rejects; the last approval that was missing starts the job, one rejection ends the request.

    Raises Forbidden for who may not decide, Conflict where there is nothing to decide any more.
    """
    repository = ApprovalRepository(session, actor.organization_id)
    await repository.hold(key)
    placed = await find_request(session, actor, key)
    request = placed.request
    check_may_decide(await policy_of(session, placed.environment), request, actor)
    _check_waits(placed)
    decision = await repository.decision_of(key, actor.user_id)
    if decision is None:
        decision = ApprovalDecision(id=new_key(), request_id=key, user_id=actor.user_id)
        repository.add(decision)
    decision.name, decision.verdict = actor.name, "approve" if approve else "reject"
    decision.comment, decision.decided_at = comment, now()
    if not approve:
        request.state, request.closed_at, request.closed_by = "rejected", now(), actor.name
    await session.flush()
    notice_after_commit(session, actor.organization_id, request.project_id, About.APPROVALS)
    return await settle(session, actor.organization_id, key)


async def withdraw(session: Session, actor: Actor, key: UUID) -> PlacedRequest:
    """Takes a request of one's own back. Raises Forbidden for everybody else, Conflict where it waits no more."""
    repository = ApprovalRepository(session, actor.organization_id)
    await repository.hold(key)
    placed = await find_request(session, actor, key)
    if not may_withdraw(actor, placed):
        raise Forbidden(
            "not_own_request",
            "Only whoever asked can withdraw a request.",
            fix="Reject it instead, if you may decide about it.",
        )
    _check_waits(placed)
    placed.request.state, placed.request.closed_at = "withdrawn", now()
    placed.request.closed_by = actor.name
    await session.flush()
    notice_after_commit(session, actor.organization_id, placed.request.project_id, About.APPROVALS)
    return placed


def may_withdraw(actor: Actor, placed: PlacedRequest) -> bool:
    """Whether the request is the actor's own, also through a token or account of theirs."""
    return is_own(placed.request, actor.user_id)


@dataclass
class Page:
    """Requests in a row with what is needed to tell of them, and the cursor of the next ones."""

    items: list[PlacedRequest]
    policies: dict[UUID, Policy]
    next_cursor: UUID | None


async def list_requests(session: Session, actor: Actor, *, show: str, before: UUID | None, limit: int) -> Page:
    """What waits for this actor (`waiting`), what waits at all (`open`), their own (`mine`), or what has an end.

    Who may decide follows from rights and policies, which no query knows: pages of requests that wait are read until
    enough are found. There are never many.
    """
    repository = ApprovalRepository(session, actor.organization_id)
    policies: dict[UUID, Policy] = {}
    stored: Show = "mine" if show == "mine" else "decided" if show == "decided" else "open"
    found: list[PlacedRequest] = []
    while len(found) <= limit:
        batch = await repository.listing(
            stored, user_id=actor.user_id, only=actor.visible_projects(), before=before, limit=max(limit + 1, _PAGE)
        )
        decisions = await repository.decisions([one.request.id for one in batch]) if show == "waiting" else {}
        for placed in batch:
            place = placed.environment
            if place.id not in policies:
                policies[place.id] = await policy_of(session, place)
            decided = any(one.user_id == actor.user_id for one in decisions.get(placed.request.id, ()))
            if show != "waiting" or (may_decide(actor, placed, policies[place.id]) and not decided):
                found.append(placed)
        if len(batch) < max(limit + 1, _PAGE):
            break
        before = batch[-1].request.id
    return Page(found[:limit], policies, found[limit - 1].request.id if len(found) > limit else None)


def may_decide(actor: Actor, placed: PlacedRequest, policy: Policy) -> bool:
    """Whether the actor may approve or reject this request now."""
    waits = standing_of(placed).state in WAITING
    return waits and policy.allows(actor) and not is_own(placed.request, actor.user_id)


async def _ask(session: Session, actor: Actor, move: Move) -> PlacedRequest:
    repository = ApprovalRepository(session, actor.organization_id)
    plan = await _plan_to_ask_for(session, actor, move)
    if waiting := await repository.waiting_for_plan(plan.id):
        return await repository.by_id(waiting.id)
    place = move.environment
    expires_at = now() + timedelta(hours=place.approval_hours)
    plan.expires_at = max(plan.expires_at, expires_at)
    request = ApprovalRequest(
        id=new_key(),
        project_id=move.project.id,
        environment_id=place.id,
        database_id=move.database.id,
        plan_id=plan.id,
        state="open",
        actor_id=actor.user_id,
        actor_name=actor.name,
        token_id=actor.scope.token_id if actor.scope else None,
        token_name=actor.scope.token_name if actor.scope else None,
        owners=await owners_of(session, actor),
        least=0 if may_start(actor, place, move.kind) else 1,
        reason=move.reason,
        idempotency_key=move.idempotency_key,
        request_digest=_digest(move),
        expires_at=expires_at,
    )
    repository.add(request)
    await session.flush()
    notice_after_commit(session, actor.organization_id, move.project.id, About.APPROVALS)
    subject = Subject(
        kind="request",
        id=str(request.id),
        name=f"{move.kind.value} {plan.revision or ''} · {place.slug}/{move.database.name}",
        project_id=move.project.id,
        database_id=move.database.id,
    )
    record(session, actor, "request.create", subject, after={"plan": str(plan.id), "digest_of_plan": plan.digest})
    placed = await repository.by_id(request.id)
    await tell_asked(session, actor.organization_slug, placed)
    return placed


async def _plan_to_ask_for(session: Session, actor: Actor, move: Move) -> Plan:
    """The plan that was named and holds, or one that is made now; raises what makes asking pointless."""
    check_reason(move.kind, move.reason)
    commit = await required_commit(session, actor, move.project)
    place: dict[str, Any] = {"project": move.project, "environment": move.environment, "database": move.database}
    if move.plan_id is not None:
        plan = await named_plan(session, actor, move.plan_id, **place, kind=move.kind, revision=move.revision)
        commit = await commit_of_plan(session, actor, move.project, plan)
    else:
        check_revision_given(move.kind, move.revision)
        if not knows_heads(move.database):
            await conditions_of(session, actor, move.environment, move.kind, None, commit)  # raises: it takes a plan
        plan = await new_plan(session, actor, **place, commit=commit, kind=move.kind, revision=move.revision)
    if plan.nothing and not plan.bootstrap and not plan.steps and move.kind is not JobKind.STAMP:
        raise Conflict("nothing_to_do", plan.nothing["title"], fix=plan.nothing["fix"])
    conditions = await conditions_of(session, actor, move.environment, move.kind, plan, commit)
    check_precedence(move.environment, conditions.precedence)
    return plan


async def _asked_before(session: Session, actor: Actor, move: Move) -> PlacedRequest | None:
    """The request that this idempotency key made; raises Conflict where it stood for another move, or was refused."""
    if move.idempotency_key is None or move.kind not in CHANGES_DATABASE:
        return None
    repository = ApprovalRepository(session, actor.organization_id)
    made = await repository.with_idempotency_key(move.idempotency_key)
    if made is None:
        return None
    if made.request_digest != _digest(move):
        raise Conflict(
            "idempotency_key_reused",
            "This idempotency key was used for another request.",
            fix="Use a new key for each different request.",
        )
    placed = await repository.by_id(made.id)
    state = standing_of(placed).state
    if move.override is not None and state in WAITING:
        return None
    if placed.job is None and state not in WAITING:
        raise Conflict(
            "request_closed",
            f"Nothing came of this request: it is {state}.",
            detail=" ".join((made.ended or {}).get("sentences", [])),
            fix="Ask anew, with another idempotency key.",
            params={"request": str(made.id), "state": state},
        )
    return placed


async def _started_before(session: Session, actor: Actor, move: Move) -> bool:
    key = move.idempotency_key
    return bool(key and await JobRepository(session, actor.organization_id).with_idempotency_key(key))


async def _close_waiting(session: Session, actor: Actor, placed: PlacedJob) -> None:
    """Whoever waited for the plan of this job need not wait any more."""
    if placed.job.plan_id is None:
        return
    waiting = await ApprovalRepository(session, actor.organization_id).waiting_for_plan(placed.job.plan_id)
    if waiting is not None:
        waiting.state, waiting.closed_at, waiting.closed_by = "started", now(), actor.name
        await session.flush()
        notice_after_commit(session, actor.organization_id, waiting.project_id, About.APPROVALS)


def _tell_override(session: Session, actor: Actor, placed: PlacedJob) -> None:
    job = placed.job
    subject = Subject(
        kind="job",
        id=str(job.id),
        name=f"#{job.number} · {placed.environment.slug}/{placed.database.name}",
        project_id=job.project_id,
        database_id=job.database_id,
    )
    after = {"reason": job.override_reason, "overrode": job.overrode, "kind": job.kind, "revision": job.revision}
    record(session, actor, "job.override", subject, after=after)


async def owners_of(session: Session, actor: Actor) -> list[str]:
    """Everybody whose own request this is: none of them may approve it."""
    user = await session.get_one(User, actor.user_id)
    token = await session.get(ApiToken, actor.scope.token_id) if actor.scope else None
    found = {actor.user_id, user.maker_id, token.maker_id if token else None}
    return sorted(str(one) for one in found if one is not None)


def _check_waits(placed: PlacedRequest) -> None:
    """Raises Conflict where nothing can be decided any more, with the reason."""
    standing = standing_of(placed)
    if standing.state in WAITING:
        return
    raise Conflict(
        "request_closed",
        f"There is nothing to decide any more: the request is {standing.state}.",
        detail=" ".join((standing.ended or {}).get("sentences", [])),
        fix="Look at the request again.",
        params={"request": str(placed.request.id), "state": standing.state},
    )


def _digest(move: Move) -> bytes:
    return digest_of_move(
        move.project, move.environment, move.database, move.kind, move.revision, move.plan_id, move.reason
    )
