"""Who may decide about a request, and whose agreement counts: always by the rights that people have now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import OrganizationRole, Permission, ProjectRole
from stillroom_core.actors.repository import actors_of_all
from stillroom_core.approvals.models import ApprovalDecision, ApprovalRequest
from stillroom_core.database import Session
from stillroom_core.environments.models import Environment
from stillroom_core.errors import Forbidden
from stillroom_core.groups.models import Group, GroupMember
from stillroom_core.members.models import Membership, User

_RULERS = (OrganizationRole.OWNER, OrganizationRole.ADMIN)


@dataclass(frozen=True)
class Policy:
    """Who decides in one environment, with the people of its group, where it names one."""

    environment: Environment
    group: Group | None
    members: frozenset[UUID]

    def allows(self, actor: Actor) -> bool:
        """Whether this person may approve here at all: by permission, by role, and by group."""
        place = self.environment
        if actor.kind != "person" or actor.scope is not None:
            return False
        if not actor.may(Permission.JOB_APPROVE, place.project_id, place):
            return False
        return self.has_role(actor) and (self.group is None or actor.user_id in self.members)

    def has_role(self, actor: Actor) -> bool:
        """Whether the role is high enough."""
        match self.environment.approver_role:
            case "owner":
                return actor.role is OrganizationRole.OWNER
            case "admin":
                return actor.role in _RULERS or any(
                    grant.role is ProjectRole.ADMIN
                    and grant.project_id == self.environment.project_id
                    and grant.environment_id in (None, self.environment.id)
                    for grant in actor.grants
                )
        return True


async def policy_of(session: Session, environment: Environment) -> Policy:
    """The policy of an environment; two queries where it names a group, else none."""
    if environment.approver_group_id is None:
        return Policy(environment, None, frozenset())
    group = await session.get_one(Group, environment.approver_group_id)
    members = await session.scalars(
        select(GroupMember.user_id).where(
            GroupMember.organization_id == environment.organization_id, GroupMember.group_id == group.id
        )
    )
    return Policy(environment, group, frozenset(members))


def is_own(request: ApprovalRequest, user_id: UUID) -> bool:
    """Whether a request is somebody's own, also through a token or a service account of theirs."""
    return str(user_id) in request.owners


def check_may_decide(policy: Policy, request: ApprovalRequest, actor: Actor) -> None:
    """Raises Forbidden that says why this person may not decide."""
    place = policy.environment
    actor.check(Permission.JOB_APPROVE, place.project_id, place)
    if is_own(request, actor.user_id):
        raise Forbidden(
            "own_request",
            "Nobody decides about a request of their own.",
            detail="It was made by you, or through a token or a service account of yours.",
            fix="Ask somebody else who may approve here, or withdraw it.",
        )
    if not policy.has_role(actor):
        raise Forbidden(
            "approver_role",
            f"On {place.name} approvals take a higher role than yours.",
            fix="Ask one of those whom the request names.",
            params={"role": place.approver_role},
        )
    if not policy.allows(actor):
        raise Forbidden(
            "approver_group",
            f"On {place.name} the group {policy.group.name if policy.group else ''} approves, and you are not in it.",
            fix="Ask somebody of that group.",
        )


async def counted(
    session: Session, policy: Policy, request: ApprovalRequest, decisions: Sequence[ApprovalDecision]
) -> list[ApprovalDecision]:
    """The approvals that count: of people who may still approve here; a few queries."""
    keys = {one.user_id for one in decisions if one.verdict == "approve" and one.user_id is not None}
    people = await _people(session, policy.environment.organization_id, keys)
    able = {actor.user_id for actor in people if policy.allows(actor) and not is_own(request, actor.user_id)}
    return [one for one in decisions if one.verdict == "approve" and one.user_id in able]


async def approvers(session: Session, policy: Policy, owners: Collection[str]) -> list[Actor]:
    """Everybody who may approve now what belongs to these owners, by name; a few queries."""
    keys = await session.scalars(
        select(Membership.user_id).where(Membership.organization_id == policy.environment.organization_id)
    )
    people = await _people(session, policy.environment.organization_id, set(keys))
    able = [actor for actor in people if policy.allows(actor) and str(actor.user_id) not in owners]
    return sorted(able, key=lambda actor: actor.name.lower())


async def present_actor(session: Session, organization_id: UUID, user_id: UUID | None) -> Actor | None:
    """Somebody with the rights that they have in the organization now; None where they are gone."""
    found = await _people(session, organization_id, {user_id} if user_id else set())
    return found[0] if found else None


async def _people(session: Session, organization_id: UUID, keys: Collection[UUID]) -> list[Actor]:
    if not keys:
        return []
    users = (await session.scalars(select(User).where(User.id.in_(keys), User.disabled_at.is_(None)))).all()
    found = await actors_of_all(session, users)
    return [actor for actors in found.values() for actor in actors if actor.organization_id == organization_id]
