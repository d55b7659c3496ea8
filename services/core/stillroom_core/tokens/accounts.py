"""Service accounts: members that are no persons. They cannot sign in; only tokens act for them."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import OrganizationRole, ProjectRole
from stillroom_core.database import Session
from stillroom_core.environments.service import find_environment
from stillroom_core.keys import new_key
from stillroom_core.members.models import EnvironmentMembership, Membership, ProjectMembership, User
from stillroom_core.projects.service import find_project
from stillroom_core.sessions.passwords import hash_password
from stillroom_core.tables import now
from stillroom_core.tokens.repository import TokenRepository


@dataclass(frozen=True, kw_only=True)
class PlaceRole:
    """A role in a project, or in one environment of it, by slug or id."""

    project: str
    environment: str | None
    role: ProjectRole


async def list_accounts(session: Session, actor: Actor) -> Sequence[User]:
    """The organization's service accounts by name."""
    return await TokenRepository(session, actor.organization_id).service_accounts()


async def create_account(session: Session, actor: Actor, name: str, roles: Sequence[PlaceRole]) -> User:
    """A member without rights in the organization, with roles in projects and environments."""
    key = new_key()
    # No mail reaches .invalid (RFC 2606), and nobody knows the password.
    nobody_knows = await hash_password(secrets.token_urlsafe(32))
    account = User(
        id=key,
        kind="service",
        name=name,
        email=f"{key}@service.invalid",
        password_hash=nobody_knows,
        maker_id=actor.user_id,
    )
    session.add(account)
    await session.flush()
    session.add(Membership(organization_id=actor.organization_id, user_id=key, role=OrganizationRole.MEMBER.value))
    await session.flush()
    for given in roles:
        project = await find_project(session, actor, given.project)
        place = {"organization_id": actor.organization_id, "project_id": project.id, "user_id": key}
        if given.environment is None:
            session.add(ProjectMembership(**place, role=given.role.value))
        else:
            environment = await find_environment(session, actor, project, given.environment)
            session.add(EnvironmentMembership(**place, environment_id=environment.id, role=given.role.value))
    await session.flush()
    return account


async def delete_account(session: Session, actor: Actor, key: UUID) -> None:
    """Ends the account and with it its tokens; what it did stays told under its name."""
    account = await TokenRepository(session, actor.organization_id).service_account(key)
    account.disabled_at = now()
    membership = await session.get_one(Membership, (actor.organization_id, key))
    await session.delete(membership)
