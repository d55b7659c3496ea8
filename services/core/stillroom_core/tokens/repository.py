"""Reads and writes the API tokens and service accounts of one organization."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Row, Select, select

from stillroom_core.database import Session
from stillroom_core.errors import not_found
from stillroom_core.members.models import Membership, User
from stillroom_core.tokens.models import ApiToken


class TokenRepository:
    """The tokens and service accounts of one organization."""

    def __init__(self, session: Session, organization_id: UUID) -> None:
        self._session = session
        self._organization_id = organization_id

    async def listing(self) -> Sequence[Row[ApiToken, User]]:
        """Every token that somebody made, with its owner, newest first."""
        return (
            await self._session.execute(
                select(ApiToken, User)
                .join(User, User.id == ApiToken.user_id)
                .where(ApiToken.organization_id == self._organization_id, ApiToken.trust_id.is_(None))
                .order_by(ApiToken.id.desc())
            )
        ).all()

    async def by_id(self, key: UUID) -> tuple[ApiToken, User]:
        """One token with its owner; raises NotFound."""
        found = (
            await self._session.execute(
                select(ApiToken, User)
                .join(User, User.id == ApiToken.user_id)
                .where(ApiToken.id == key, ApiToken.organization_id == self._organization_id)
            )
        ).one_or_none()
        if found is None:
            raise not_found("token")
        return found[0], found[1]

    async def service_accounts(self) -> Sequence[User]:
        """The service accounts of the organization by name."""
        return (await self._session.scalars(self._accounts().order_by(User.name))).all()

    async def service_account(self, key: UUID) -> User:
        """One of them; raises NotFound, also for a person."""
        found = await self._session.scalar(self._accounts().where(User.id == key))
        if found is None:
            raise not_found("service account")
        return found

    def _accounts(self) -> Select[User]:
        return (
            select(User)
            .join(Membership, Membership.user_id == User.id)
            .where(Membership.organization_id == self._organization_id, User.kind == "service")
        )

    def add(self, token: ApiToken) -> None:
        """Adds a token of this organization."""
        token.organization_id = self._organization_id
        self._session.add(token)
