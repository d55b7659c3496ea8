"""Founding, changing, handing over and deleting organizations."""

import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import exists, func, select

from stillroom_core.accounts.service import require_password
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.second_factor import without_second_factor
from stillroom_core.database import Session
from stillroom_core.errors import Conflict, Forbidden, Invalid
from stillroom_core.jobs.models import Job
from stillroom_core.jobs.repository import OPEN
from stillroom_core.keys import new_key
from stillroom_core.members.models import Membership, User
from stillroom_core.members.repository import MemberRepository
from stillroom_core.organizations.models import Organization
from stillroom_core.settings import get_settings
from stillroom_core.tenancy import everything, narrow

# Words that stand in the addresses of our own pages.
_RESERVED = re.compile(
    r"^(api|account|admin|assets|docs|forgot|installation|invitation|jobs|new|outbox|redoc|reset|settings|sign-in|sign-up|static|"
    r"stillroom|ui|verify)$"
)


async def found_organization(session: Session, person: User, *, slug: str, name: str) -> Organization:
    """A new organization, owned by who founds it.

    Raises Forbidden where only the operator founds them, Conflict for a taken slug, and where jobs are not isolated:
    then one organization's code could reach another's.
    """
    if get_settings().organizations == "nobody":
        raise Forbidden(
            "founding_closed",
            "In this installation only its operator founds organizations.",
            fix="Ask the operator, or an administrator of an organization to invite you.",
        )
    await _check_slug(session, slug)
    async with everything(session):
        made = await create_organization(session, slug, name)
    await narrow(session, made.id)
    session.add(Membership(organization_id=made.id, user_id=person.id, role="owner"))
    await session.flush()
    return made


async def create_organization(session: Session, slug: str, name: str) -> Organization:
    """Adds an organization; raises Conflict where jobs may run without walls and there is one already.

    The one place that does, because the first rule of having several is that walls stand between them.
    """
    if get_settings().sandbox == "bare" and await count_organizations(session):
        raise Conflict(
            "single_tenant",
            "This installation is for one organization.",
            detail="Its jobs may run without isolation (STILLROOM_SANDBOX=bare): code of one organization could read "
            "the secrets of another.",
            fix="Set STILLROOM_SANDBOX to bwrap or landlock for every process, and start them again.",
        )
    made = Organization(id=new_key(), slug=slug, name=name, last_job_number=0)
    session.add(made)
    await session.flush()
    return made


async def count_organizations(session: Session) -> int:
    """How many there are, in the whole installation."""
    async with everything(session):
        return int(await session.scalar(select(func.count()).select_from(Organization)) or 0)


async def change_organization(session: Session, actor: Actor, changes: Mapping[str, Any]) -> Organization:
    """Another name or short name; links with the old one stop working."""
    found = await session.get_one(Organization, actor.organization_id)
    if "slug" in changes and changes["slug"] != found.slug:
        await _check_slug(session, changes["slug"])
    for name, value in changes.items():
        setattr(found, name, value)
    await session.flush()
    return found


async def demand_second_factor(session: Session, actor: Actor, person: User, *, demanded: bool) -> Organization:
    """Has members without a second factor wait until they have one, or lets them in again.

    Raises Conflict for who has none: the first to be shut out would be whoever demanded it.
    """
    found = await session.get_one(Organization, actor.organization_id)
    if demanded and await without_second_factor(session, [(person, actor.organization_id)]):
        raise Conflict(
            "own_second_factor_missing",
            "You have no second factor yourself.",
            fix="Add an authenticator app or a passkey to your account first.",
        )
    found.second_factor_demanded = demanded
    await session.flush()
    return found


async def delete_organization(session: Session, actor: Actor, person: User, *, slug: str, password: str) -> None:
    """Removes the organization with everything in it from Stillroom; target databases stay.

    Raises Forbidden for a wrong password, Invalid unless its short name was typed, Conflict while a job is open.
    """
    await require_password(person, password)
    if slug != actor.organization_slug:
        raise Invalid(
            "confirmation_wrong",
            "The short name does not match.",
            fix="Type the short name of the organization that shall be deleted.",
            fields={"slug": "does not match"},
        )
    if await session.scalar(select(exists().where(Job.organization_id == actor.organization_id, Job.state.in_(OPEN)))):
        raise Conflict(
            "jobs_open",
            "Jobs of this organization wait or run.",
            fix="Wait for them to end, or cancel them, and try again.",
        )
    await session.delete(await session.get_one(Organization, actor.organization_id))


async def transfer_organization(session: Session, actor: Actor, person: User, *, to: UUID, password: str) -> None:
    """Makes another member owner; who hands over becomes administrator."""
    await require_password(person, password)
    members = MemberRepository(session, actor.organization_id)
    if to == person.id:
        raise Invalid("same_person", "The organization is yours already.", fields={"person": "is you"})
    heir = await members.held(to)
    own = await members.held(person.id)
    heir.role, own.role = "owner", "admin"
    await session.flush()


async def _check_slug(session: Session, slug: str) -> None:
    async with everything(session):
        taken = await session.scalar(select(exists().where(Organization.slug == slug)))
    if taken or _RESERVED.match(slug):
        raise Conflict(
            "slug_taken",
            "The short name is taken.",
            fix="Choose another.",
            fields={"slug": "taken"},
        )
