"""Inviting people, and accepting an invitation."""

import contextlib
import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from stillroom_core.accounts.service import email_taken, open_account, person_with, send_verification
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import OrganizationRole
from stillroom_core.actors.repository import actor_in
from stillroom_core.database import Session
from stillroom_core.errors import Conflict, Forbidden, Invalid
from stillroom_core.groups.repository import GroupRepository
from stillroom_core.invitations.models import Invitation
from stillroom_core.invitations.repository import InvitationRepository
from stillroom_core.keys import new_key
from stillroom_core.mail.service import can_mail, link_to, post
from stillroom_core.mail.texts import Letter
from stillroom_core.members.models import User
from stillroom_core.members.repository import MemberRepository
from stillroom_core.organizations.models import Organization
from stillroom_core.sessions.service import normalized_email
from stillroom_core.tables import now
from stillroom_core.tenancy import narrow

LIFE = timedelta(days=7)


@dataclass(frozen=True)
class Invited:
    """An invitation, mailed to its address, or with its link, which is known only now.

    One that was mailed shows nobody else its link: whoever follows it has proven that the address is theirs.
    """

    invitation: Invitation
    link: str | None


@dataclass(frozen=True)
class Opened:
    """What the holder of a link sees before accepting."""

    invitation: Invitation
    organization: Organization
    has_account: bool  # whether the invited address has one; False for a link without address


async def list_invitations(session: Session, actor: Actor) -> Sequence[Invitation]:
    """The organization's open invitations, the newest first."""
    return await InvitationRepository(session, actor.organization_id).open()


async def invite(
    session: Session,
    actor: Actor,
    *,
    email: str | None,
    role: OrganizationRole,
    groups: Sequence[UUID],
    locale: str | None,
) -> Invited:
    """Invites one person, up to the actor's own rank: by mail where an address is given and mail can be sent.

    Raises Conflict for somebody who is a member already, Invalid for a group that is not there.
    """
    actor.check_rank(role)
    email = normalized_email(email) if email else None
    known = await person_with(session, email) if email else None
    if known and await MemberRepository(session, actor.organization_id).is_member(known.id):
        raise Conflict(
            "member_already",
            "This person is a member already.",
            fix="Change their role in the list of members.",
            fields={"email": "is a member"},
        )
    if len(await GroupRepository(session, actor.organization_id).existing(groups)) != len(set(groups)):
        raise Invalid(
            "unknown_group", "There is no such group here.", fix="Choose one of the list.", fields={"groups": "unknown"}
        )
    token = _new_token(actor.organization_id)
    made = Invitation(
        id=new_key(),
        email=email,
        role=role.value,
        groups=[str(key) for key in groups],
        token_hash=_digest(token),
        invited_by=actor.user_id,
        invited_by_name=actor.name,
        expires_at=now() + LIFE,
    )
    InvitationRepository(session, actor.organization_id).add(made)
    await session.flush()
    return _with_link(session, actor, made, token, known.locale if known else locale)


async def send_again(session: Session, actor: Actor, key: UUID, *, locale: str | None) -> Invited:
    """A new link for an open invitation, for another week; the former one stops working."""
    found = await InvitationRepository(session, actor.organization_id).held(key)
    actor.check_rank(OrganizationRole(found.role))
    token = _new_token(actor.organization_id)
    found.token_hash, found.expires_at = _digest(token), now() + LIFE
    return _with_link(session, actor, found, token, locale)


async def revoke(session: Session, actor: Actor, key: UUID) -> None:
    """Makes an invitation worthless."""
    found = await InvitationRepository(session, actor.organization_id).held(key)
    found.revoked_at = now()


async def open_invitation(session: Session, token: str) -> Opened:
    """What a link invites to; raises Invalid when it is unknown, too old, used or revoked."""
    organization_id, _, secret = token.partition(".")
    found = None
    if secret:
        with contextlib.suppress(ValueError):  # of a text that is no id
            key = UUID(organization_id)
            await narrow(session, key)
            found = await InvitationRepository(session, key).by_hash(_digest(token))
    if found is None or found.expires_at <= now():
        raise Invalid(
            "invitation_ended",
            "This invitation does not work any more.",
            detail="It was accepted, revoked, sent again, or is too old.",
            fix="Ask who invited you for a new one.",
        )
    organization = await session.get_one(Organization, found.organization_id)
    known = await person_with(session, found.email) if found.email else None
    return Opened(found, organization, known is not None)


async def accept(session: Session, person: User, token: str) -> Organization:
    """Makes the signed-in person a member.

    Raises Forbidden when the invitation is for another address, Conflict for who is a member already.
    """
    opened = await open_invitation(session, token)
    if opened.invitation.email not in (None, person.email):
        raise Forbidden(
            "invitation_for_another",
            "This invitation is for another e-mail address.",
            fix="Sign in with the account of that address, or ask for an invitation for this one.",
        )
    members = MemberRepository(session, opened.organization.id)
    if await members.is_member(person.id):
        raise Conflict("member_already", "You are a member already.", fix="There is nothing left to accept.")
    await _join(session, opened, person)
    # From here on the person acts in the organization, which is told who came in.
    await actor_in(session, person, key=opened.organization.id, even_barred=True)
    return opened.organization


async def accept_as_new(
    session: Session, token: str, *, name: str, email: str | None, password: str, locale: str | None
) -> User:
    """Opens an account and makes it a member.

    The letter has proven an invited address; one that the holder of a link names is confirmed by a letter of its
    own, where letters can be sent. Raises Conflict for an address that has an account.
    """
    opened = await open_invitation(session, token)
    address = opened.invitation.email or normalized_email(email or "")
    if not address:
        raise Invalid("email_missing", "Which e-mail address is yours?", fields={"email": "required here"})
    if await person_with(session, address) is not None:
        raise email_taken()
    proven = opened.invitation.email is not None or not can_mail()
    person = await open_account(session, email=address, name=name, password=password, proven=proven)
    person.locale = locale
    if not proven:
        await send_verification(session, person)
    await _join(session, opened, person)
    await actor_in(session, person, key=opened.organization.id, even_barred=True)
    return person


async def _join(session: Session, opened: Opened, person: User) -> None:
    invitation = opened.invitation
    MemberRepository(session, invitation.organization_id).add(person.id, invitation.role)
    await session.flush()
    groups = GroupRepository(session, invitation.organization_id)
    for key in await groups.existing([UUID(text) for text in invitation.groups]):
        await groups.put_member(key, person.id)
    invitation.accepted_at, invitation.accepted_by_name = now(), person.name


def _with_link(session: Session, actor: Actor, made: Invitation, token: str, locale: str | None) -> Invited:
    link = link_to("invitation", token)
    if made.email is None or not can_mail():
        return Invited(made, link)
    values = {"inviter": actor.name, "organization": actor.organization_name, "link": link}
    post(session, Letter.INVITATION, made.email, locale, **values)
    return Invited(made, None)


def _new_token(organization_id: UUID) -> str:
    """Names its organization, because nothing of a tenant is looked up without one."""
    return f"{organization_id}.{secrets.token_urlsafe(32)}"


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
