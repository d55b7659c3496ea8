"""Finds the actor behind a signed-in person in one organization."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from sqlalchemy import BindParameter, Row, Select, String, Uuid, bindparam, null, select, union_all
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
    """All actors of several people at once, by their ids; one query, and two more where a second factor is demanded."""
    people = {user.id: user for user in users}
    found: dict[UUID, list[Actor]] = {key: [] for key in people}
    async with everything(session):
        rows = (await session.execute(_RIGHTS, {"people": list(people)})).all()
        demanding = {(people[row.user_id], row.id) for row in rows if row.second_factor_demanded}
        barred = await without_second_factor(session, demanding) if demanding else frozenset()
    grants: dict[tuple[UUID, UUID], list[Grant]] = {}
    for row in rows:
        given = grants.setdefault((row.user_id, row.id), [])
        if row.project_id is not None:
            given.append(_grant(row))
    memberships = {(row.user_id, row.id): row for row in rows}
    for (user_id, organization_id), row in memberships.items():
        found[user_id].append(
            Actor(
                user_id=user_id,
                name=people[user_id].name,
                organization_id=organization_id,
                organization_slug=row.slug,
                organization_name=row.name,
                role=OrganizationRole(row.role),
                grants=tuple(grants[user_id, organization_id]),
                kind=people[user_id].kind,
                barred=(user_id, organization_id) in barred,
            )
        )
    return found


def _rights() -> Select[Any]:
    """Memberships of `people` with every role in a project or an environment beside them, empty where there is none."""
    people: BindParameter[Any] = bindparam("people", expanding=True)
    own = select(
        ProjectMembership.user_id,
        ProjectMembership.organization_id,
        ProjectMembership.project_id,
        null().cast(Uuid).label("environment_id"),
        ProjectMembership.role,
        null().cast(String).label("through"),
    ).where(ProjectMembership.user_id.in_(people))
    in_environments = select(
        EnvironmentMembership.user_id,
        EnvironmentMembership.organization_id,
        EnvironmentMembership.project_id,
        EnvironmentMembership.environment_id,
        EnvironmentMembership.role,
        null().cast(String),
    ).where(EnvironmentMembership.user_id.in_(people))
    in_groups = (
        select(
            GroupMember.user_id,
            GroupRole.organization_id,
            GroupRole.project_id,
            GroupRole.environment_id,
            GroupRole.role,
            Group.name,
        )
        .join(GroupRole, GroupRole.group_id == GroupMember.group_id)
        .join(Group, Group.id == GroupMember.group_id)
        .where(GroupMember.user_id.in_(people))
    )
    given = union_all(own, in_environments, in_groups).subquery("given")
    return (
        select(
            Membership.user_id,
            Membership.role,
            Organization.id,
            Organization.slug,
            Organization.name,
            Organization.second_factor_demanded,
            given.c.project_id,
            given.c.environment_id,
            given.c.role.label("given_role"),
            given.c.through,
        )
        .join(Organization, Organization.id == Membership.organization_id)
        .outerjoin(
            given,
            (given.c.user_id == Membership.user_id) & (given.c.organization_id == Membership.organization_id),
        )
        .where(Membership.user_id.in_(people))
        # Own roles before those of groups, those in projects before those in environments.
        .order_by(Organization.name, given.c.through.nulls_first(), given.c.environment_id.nulls_first())
    )


def _grant(row: Row[Any]) -> Grant:
    return Grant(
        project_id=row.project_id,
        environment_id=row.environment_id,
        role=ProjectRole(row.given_role),
        group=row.through,
    )


async def actor_in(
    session: Session, user: User, *, slug: str | None = None, key: UUID | None = None, even_barred: bool = False
) -> Actor:
    """The person as an actor of the organization, which alone the transaction sees from here on.

    Raises NotFound for strangers and for absent organizations alike, Forbidden for who lacks a demanded second factor,
    unless it is about somebody rather than asked by them (`even_barred`): then such an actor may do nothing.
    """
    async with everything(session):
        actors = await actors_of(session, user)
        found = next((one for one in actors if one.organization_slug == slug or one.organization_id == key), None)
        if found is None:
            raise not_found("organization")
        await act_as(session, found, even_barred=even_barred)
        return found


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


# Every request asks it: in one statement, for the ways there and back would be most of its time, and made once, for
# making it takes four times as long as asking it.
_RIGHTS = _rights()
