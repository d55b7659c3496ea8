"""What stands between a plan and its job: approvals, windows and freezes, and what must have run elsewhere first."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.database import Session
from stillroom_core.environments.models import Environment
from stillroom_core.environments.windows import Opening
from stillroom_core.errors import Conflict
from stillroom_core.freezes.service import opening_of
from stillroom_core.jobs.lifecycle import CHANGES_DATABASE, JobKind
from stillroom_core.jobs.rights import approvals_needed
from stillroom_core.plans.models import Plan
from stillroom_core.plans.predecessor import Missing, Precedence, precedence_of
from stillroom_core.projects.models import Commit

_NAMED = 3


@dataclass(frozen=True)
class Passed:
    """What lets a job through: a request that was approved, or somebody's reason to do without."""

    request_id: UUID | None = None
    override: str | None = None
    token_name: str | None = None  # of the token that the request came through
    digest: bytes | None = None  # of the move as it was asked for, so that the same trigger again gives this job


@dataclass(frozen=True)
class Conditions:
    """What stands in the way of one plan now."""

    approvals: int
    opening: Opening
    precedence: Precedence | None

    @property
    def strict(self) -> bool:
        """Whether exactly this plan must run, or nothing: others agreed to it, or it was tried elsewhere."""
        return self.approvals > 0 or self.precedence is not None

    def unmet(self) -> list[str]:
        """The names of those that do not hold."""
        found = ["approvals"] if self.approvals else []
        if self.opening.because:
            found.append(self.opening.because)
        if self.precedence and self.precedence.missing:
            found.append("predecessor")
        return found


async def conditions_of(
    session: Session, actor: Actor, environment: Environment, kind: JobKind, plan: Plan | None, commit: Commit
) -> Conditions:
    """The conditions of an environment for one job; raises Conflict where they ask for a plan and none can be made."""
    if kind not in CHANGES_DATABASE:
        return Conditions(0, Opening(True, None), None)
    needed = approvals_needed(actor, environment, kind)
    if plan is None and (needed or environment.predecessor_id):
        raise Conflict(
            "database_not_read",
            "Where this database stands is not known yet.",
            detail=f"On {environment.name} a job needs a plan that can be looked at first.",
            fix="Correct its connection if the last reading failed; else wait for the next one, which comes by itself.",
        )
    precedence = await precedence_of(session, environment, plan, commit) if plan else None
    return Conditions(needed, await opening_of(session, environment), precedence)


def check_conditions(actor: Actor, environment: Environment, conditions: Conditions, passed: Passed) -> list[str]:
    """Lets a job through, or raises the refusal; gives the conditions that it passed by an override.

    An override takes its own permission, and is not told where every condition holds anyway.
    """
    unmet = conditions.unmet()
    if passed.override is not None and unmet:
        actor.check(Permission.JOB_OVERRIDE, environment.project_id, environment)
        return unmet
    check_precedence(environment, conditions.precedence)
    if conditions.approvals and passed.request_id is None:
        raise Conflict(
            "approval_needed",
            f"On {environment.name} this needs the approval of others.",
            fix="Ask for it: the job starts by itself once enough of them have approved.",
            params={"needed": conditions.approvals},
        )
    check_opening(environment, conditions.opening)
    return []


def check_precedence(environment: Environment, precedence: Precedence | None) -> None:
    """Raises Conflict that names what the predecessor has not done."""
    if precedence is None or not precedence.missing:
        return
    first = precedence.environment
    raise Conflict(
        "predecessor_missing",
        f"On {environment.name} runs only what {first.name} ran.",
        detail=_told(precedence.missing),
        fix=f"Run it on every database of {first.name} first, from the same files.",
        params={
            "predecessor": first.slug,
            "missing": [
                {"revision": one.revision, "database": one.database, "reason": one.reason}
                for one in precedence.missing[:50]
            ],
        },
    )


def check_opening(environment: Environment, opening: Opening) -> None:
    """Raises Conflict that names the next opening."""
    if opening.open:
        return
    until = opening.until.isoformat() if opening.until else None
    if opening.because == "freeze":
        raise Conflict(
            "frozen",
            f"{environment.name} is frozen: nothing is changed there now.",
            detail=opening.reason,
            fix=f"Changes are possible again from {until} on." if until else "Wait for the end of the freeze.",
            params={"until": until, "reason": opening.reason},
        )
    raise Conflict(
        "window_closed",
        f"{environment.name} takes changes in its change windows only, and none is open now.",
        fix=f"The next one opens at {until}." if until else "Ask whoever set its change windows.",
        params={"until": until},
    )


def _told(missing: Sequence[Missing]) -> str:
    named = [
        " · ".join(part for part in (one.revision and one.revision[:12], one.database) if part)
        for one in missing[:_NAMED]
    ]
    more = f" (+{len(missing) - _NAMED})" if len(missing) > _NAMED else ""
    return ", ".join(part for part in named if part) + more
