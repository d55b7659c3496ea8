"""Reads and writes the invitations of one organization."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from stillroom_core.database import Session
from stillroom_core.errors import not_found
from stillroom_core.invitations.models import Invitation


class InvitationRepository:
    """The invitations of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def open(self) -> Sequence[Invitation]:
        """Those that nobody accepted and nobody revoked, the newest first; expired ones too, to be sent again."""
        return (
            await self._session.scalars(
                select(Invitation)
                .where(
                    Invitation.organization_id == self._organization_id,
                    Invitation.accepted_at.is_(None),
                    Invitation.revoked_at.is_(None),
                )
                .order_by(Invitation.id.desc())
            )
        ).all()

    async def held(self, key: UUID) -> Invitation:
        """One that is open, held until the transaction ends; raises NotFound."""
        return self._found(await self._one(Invitation.id == key))

    async def by_hash(self, digest: bytes) -> Invitation | None:
        """The open one of this token, held until the transaction ends."""
        return await self._one(Invitation.token_hash == digest)

    def add(self, invitation: Invitation) -> None:
        """Adds one to this organization."""
        invitation.organization_id = self._organization_id
        self._session.add(invitation)

    async def _one(self, condition: object) -> Invitation | None:
        found: Invitation | None = await self._session.scalar(
            select(Invitation)
            .where(
                Invitation.organization_id == self._organization_id,
                Invitation.accepted_at.is_(None),
                Invitation.revoked_at.is_(None),
                condition,  # type: ignore[arg-type]
            )
            .with_for_update()
        )
        return found

    def _found(self, invitation: Invitation | None) -> Invitation:
        if invitation is None:
            raise not_found("invitation")
        return invitation
