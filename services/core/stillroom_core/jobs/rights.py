"""Who may start a job of which kind, who may only ask for one, and how many others must agree."""

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.environments.models import Environment
from stillroom_core.jobs.lifecycle import CHANGES_DATABASE, JobKind

PERMISSION_FOR: dict[JobKind, Permission] = {
    JobKind.UPGRADE: Permission.JOB_UPGRADE,
    JobKind.DOWNGRADE: Permission.JOB_DOWNGRADE,
    JobKind.STAMP: Permission.JOB_STAMP,
    JobKind.CURRENT: Permission.JOB_PLAN,
    JobKind.CHECK: Permission.JOB_PLAN,
    JobKind.COMMAND: Permission.JOB_UPGRADE,
}


def may_start(actor: Actor, environment: Environment, kind: JobKind) -> bool:
    """Whether the actor's own role is enough, as far as the environment asks for no approval."""
    return actor.may(PERMISSION_FOR[kind], environment.project_id, environment)


def may_ask(actor: Actor, environment: Environment, kind: JobKind) -> bool:
    """Whether the actor may start such a job, or at least ask others for it."""
    asks = PERMISSION_FOR[kind] is Permission.JOB_UPGRADE
    return may_start(actor, environment, kind) or (
        asks and actor.may(Permission.JOB_REQUEST, environment.project_id, environment)
    )


def check_may_ask(actor: Actor, environment: Environment, kind: JobKind) -> None:
    """Raises Forbidden that names the missing permission."""
    if not may_ask(actor, environment, kind):
        actor.check(PERMISSION_FOR[kind], environment.project_id, environment)


def approvals_needed(actor: Actor, environment: Environment, kind: JobKind) -> int:
    """How many others must agree before this actor's job starts there; one where the role alone does not reach."""
    if kind not in CHANGES_DATABASE:
        return 0
    return max(environment.approvals_needed, 0 if may_start(actor, environment, kind) else 1)
