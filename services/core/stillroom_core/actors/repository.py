"""Finds the actor behind a signed-in person in one organization."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from structlog.contextvars import bind_contextvars

from stillroom_core.actors.acting import acting_in
from stillroom_core.actors.actor import Actor, Grant
from stillroom_core.actors.permissions import OrganizationRole, ProjectRole
from stillroom_core.actors.scope import Scope
from stillroom_core.actors.second_factor import without_second_factor
from stillroom_core.database import Session
from stillroom_core.errors import not_found
from stillroom_core.groups.models import Group, GroupMember, GroupRole
from stillroom_core.members.models import EnvironmentMembership, Membership, ProjectMembership, User
from stillroom_core.organizations.models import Organization
from stillroom_core.tenancy import everything, narrow


async def actors_of(session: Session, user: User) -> list[Actor]:
    """One actor for every organization that the person belongs to, by name; a few queries whatever their number.

    Where the request came with an API token of theirs, only the token's organization, within the token's bounds.
    """
    found = (await actors_of_all(session, [user]))[user.id]
    bounds = acting_in(session).bounds
    if bounds is None or bounds.user_id != user.id:
        return found
    return within(found, bounds.organization_id, bounds.scope)


def within(actors: list[Actor], organization_id: UUID, scope: Scope) -> list[Actor]:
    """A person's actors within the bounds of an API token."""
    return [replace(actor, scope=scope) for actor in actors if actor.organization_id == organization_id]


async def actors_of_all(session: Session, users: Sequence[User]) -> dict[UUID, list[Actor]]:
    """All actors of several people at once, by their ids; as few queries."""
    people = {user.id: user for user in users}
    async with everything(session):
        rows = await session.execute(
            select(Organization, Membership.user_id, Membership.role)
            .join(Membership, Membership.organization_id == Organization.id)
            .where(Membership.user_id.in_(people))
            .order_by(Organization.name)
        )
        memberships = rows.all()
        grants = await _grants(session, people)
        demanding = [(people[row.user_id], row.Organization.id) for row in memberships if _demands(row.Organization)]
        barred = await without_second_factor(session, demanding) if demanding else frozenset()
    found: dict[UUID, list[Actor]] = {key: [] for key in people}
    for organization, user_id, role in memberships:
        found[user_id].append(
            Actor(
                user_id=user_id,
                name=people[user_id].name,
                organization_id=organization.id,
                organization_slug=organization.slug,
                organization_name=organization.name,
                role=OrganizationRole(role),
                grants=tuple(grants.get((user_id, organization.id), ())),
                kind=people[user_id].kind,
                barred=(user_id, organization.id) in barred,
            )
        )
    return found


def _demands(organization: Organization) -> bool:
    return organization.second_factor_demanded


async def actor_in(
    session: Session, user: User, *, slug: str | None = None, key: UUID | None = None, even_barred: bool = False
) -> Actor:
    """The person as an actor of the organization, which alone the transaction sees from here on.

    Raises NotFound for strangers and for absent organizations alike, Forbidden for who lacks a demanded second factor,
    unless it is about somebody rather than asked by them (`even_barred`): then such an actor may do nothing.
    """
    for actor in await actors_of(session, user):
        if actor.organization_slug == slug or actor.organization_id == key:
            await act_as(session, actor, even_barred=even_barred)
            return actor
    raise not_found("organization")


async def act_as(session: Session, actor: Actor, *, even_barred: bool = False) -> None:
    """From here on the transaction sees the actor's organization alone, and what it changes is told as theirs.

    Who acts is known once in a request: whoever else is looked up later is somebody whom it is about. Raises Forbidden
    for who lacks a demanded second factor.
    """
    await narrow(session, actor.organization_id)
    acting = acting_in(session)
    acting.actor = acting.actor or actor
    bind_contextvars(organization=str(actor.organization_id))  # by its id: names of tenants stay out of logs
    if not even_barred:
        actor.check_admitted()


async def _grants(session: Session, users: Collection[UUID]) -> dict[tuple[UUID, UUID], list[Grant]]:
    """The roles of people in projects and environments, by person and organization."""
    found: dict[tuple[UUID, UUID], list[Grant]] = {}
    for given in await session.scalars(select(ProjectMembership).where(ProjectMembership.user_id.in_(users))):
        found.setdefault((given.user_id, given.organization_id), []).append(
            Grant(project_id=given.project_id, role=ProjectRole(given.role))
        )
    for place in await session.scalars(select(EnvironmentMembership).where(EnvironmentMembership.user_id.in_(users))):
        found.setdefault((place.user_id, place.organization_id), []).append(
            Grant(project_id=place.project_id, environment_id=place.environment_id, role=ProjectRole(place.role))
        )
    groups = await session.execute(
        select(GroupRole, Group.name, GroupMember.user_id)
        .join(GroupMember, (GroupMember.group_id == GroupRole.group_id) & (GroupMember.user_id.in_(users)))
        .join(Group, Group.id == GroupRole.group_id)
    )
    for role, name, user_id in groups:
        found.setdefault((user_id, role.organization_id), []).append(
            Grant(
                project_id=role.project_id,
                environment_id=role.environment_id,
                role=ProjectRole(role.role),
                group=name,
            )
        )
    return found
