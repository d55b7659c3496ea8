"""Invitations: invite, send again, revoke; look at one by its link, accept it."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from stillroom_api.accounts.schemas import Email, Locale, Password, TokenOnly
from stillroom_api.authorization import Person, check_origin, in_organization
from stillroom_api.context import ContextOf, Transaction, address_of
from stillroom_api.projects.schemas import Name
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import OrganizationRole, Permission
from stillroom_core.invitations import service
from stillroom_core.invitations.models import Invitation
from stillroom_core.invitations.service import Invited

router = APIRouter(prefix="/api/orgs/{org}/invitations", tags=["invitations"])
by_link = APIRouter(prefix="/api/auth/invitations", tags=["invitations"], dependencies=[Depends(check_origin)])
mine = APIRouter(prefix="/api/me/invitations", tags=["invitations"])

Managing = Annotated[Actor, in_organization(Permission.MEMBER_MANAGE)]


class InvitationNew(BaseModel):
    """Whom to invite: an address that a letter goes to, or nobody in particular, for a link to hand over."""

    model_config = ConfigDict(extra="forbid")

    email: Email | None = None
    role: OrganizationRole = OrganizationRole.MEMBER
    groups: list[UUID] = Field(default=[], max_length=50)
    locale: Locale | None = None


class InvitationRead(BaseModel):
    """An open invitation."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    email: str | None
    role: OrganizationRole
    groups: list[UUID]
    invited_by_name: str
    created_at: datetime
    expires_at: datetime


class InvitationMade(InvitationRead):
    """An invitation that was just made or sent again; the link is shown this once, where no letter carries it."""

    link: str | None

    @classmethod
    def of(cls, made: Invited) -> "InvitationMade":
        """From what was made."""
        return cls.model_validate({**InvitationRead.model_validate(made.invitation).model_dump(), "link": made.link})


class Invitations(BaseModel):
    """The open invitations, the newest first."""

    items: list[InvitationRead]

    @classmethod
    def of(cls, found: list[Invitation]) -> "Invitations":
        """From the rows."""
        return cls(items=[InvitationRead.model_validate(row) for row in found])


class SendAgain(BaseModel):
    """In which language."""

    model_config = ConfigDict(extra="forbid")

    locale: Locale | None = None


class InvitationOpened(BaseModel):
    """What a link invites to."""

    organization: str
    invited_by: str
    role: OrganizationRole
    email: str | None
    has_account: bool


class AcceptAsNew(TokenOnly):
    """Who accepts without having an account; the address only where the invitation names none."""

    name: Name
    password: Password
    email: Email | None = None
    locale: Locale | None = None


class Accepted(BaseModel):
    """Where one belongs now."""

    slug: str
    name: str


@router.get("")
async def list_invitations(session: Transaction, actor: Managing) -> Invitations:
    """The open invitations."""
    return Invitations.of(list(await service.list_invitations(session, actor)))


@router.post("", status_code=201)
async def invite(
    body: InvitationNew, request: Request, context: ContextOf, session: Transaction, actor: Managing
) -> InvitationMade:
    """Invites one person, up to my own rank."""
    await context.throttle.invitation(actor.organization_id, body.email)
    made = await service.invite(
        session, actor, email=body.email, role=body.role, groups=body.groups, locale=body.locale
    )
    await session.refresh(made.invitation)
    return InvitationMade.of(made)


@router.post("/{invitation}/send")
async def send_again(
    invitation: UUID, body: SendAgain, context: ContextOf, session: Transaction, actor: Managing
) -> InvitationMade:
    """A new letter or link for another week; the former link stops working."""
    await context.throttle.invitation(actor.organization_id, None)
    return InvitationMade.of(await service.send_again(session, actor, invitation, locale=body.locale))


@router.delete("/{invitation}", status_code=204)
async def revoke(invitation: UUID, session: Transaction, actor: Managing) -> None:
    """Makes an invitation worthless."""
    await service.revoke(session, actor, invitation)


@by_link.post("/look")
async def look(body: TokenOnly, session: Transaction) -> InvitationOpened:
    """What the link of an invitation leads to."""
    opened = await service.open_invitation(session, body.token)
    return InvitationOpened(
        organization=opened.organization.name,
        invited_by=opened.invitation.invited_by_name,
        role=OrganizationRole(opened.invitation.role),
        email=opened.invitation.email,
        has_account=opened.has_account,
    )


@by_link.post("/accept", status_code=204)
async def accept_as_new(body: AcceptAsNew, request: Request, context: ContextOf, session: Transaction) -> None:
    """Opens an account that belongs to the organization; sign in with it then."""
    if body.email:
        await context.throttle.letter(body.email.lower(), address_of(request))
    await service.accept_as_new(session, **body.model_dump())


@mine.post("")
async def accept(body: TokenOnly, session: Transaction, person: Person) -> Accepted:
    """Makes me a member."""
    joined = await service.accept(session, person, body.token)
    return Accepted(slug=joined.slug, name=joined.name)
