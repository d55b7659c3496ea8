"""The tables of identity providers."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from stillroom_core.tables import Keyed, Table


class IdentityProvider(Keyed, Table):
    """An organization's own OpenID Connect provider; one for each."""

    __tablename__ = "identity_providers"
    __table_args__ = (UniqueConstraint("organization_id"), UniqueConstraint("organization_id", "id"))

    organization_id: Mapped[UUID] = mapped_column(ForeignKey("organizations.id", ondelete="CASCADE"))
    issuer: Mapped[str] = mapped_column(String(500))
    client_id: Mapped[str] = mapped_column(String(300))
    client_secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    admits: Mapped[bool] = mapped_column(server_default=text("false"))  # whom it knows becomes a member by signing in
    enforced: Mapped[bool] = mapped_column(
        server_default=text("false")
    )  # members of its domains need it; owners do not
    groups_claim: Mapped[str] = mapped_column(String(100), server_default=text("'groups'"))
    # value of the claim → a role in the organization (admin, member) and perhaps a group here
    mapping: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'"))


class ProviderDomain(Keyed, Table):
    """A domain of e-mail addresses that the provider may speak for, once DNS has shown that it is theirs."""

    __tablename__ = "provider_domains"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "provider_id"],
            ["identity_providers.organization_id", "identity_providers.id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("organization_id", "domain"),
        Index("uq_provider_domains_proven", "domain", unique=True, postgresql_where=text("proven_at is not null")),
    )

    organization_id: Mapped[UUID]
    provider_id: Mapped[UUID] = mapped_column(index=True)
    domain: Mapped[str] = mapped_column(String(253))
    proof: Mapped[str] = mapped_column(String(100))  # what the TXT record must say; it is public
    proven_at: Mapped[datetime | None]


class Identity(Keyed, Table):
    """Whom a provider's subject is here; it ends with the membership."""

    __tablename__ = "identities"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organization_id", "provider_id"],
            ["identity_providers.organization_id", "identity_providers.id"],
            ondelete="CASCADE",
        ),
        ForeignKeyConstraint(
            ["organization_id", "user_id"],
            ["memberships.organization_id", "memberships.user_id"],
            ondelete="CASCADE",
        ),
        UniqueConstraint("provider_id", "subject"),
        Index("ix_identities_organization_id_user_id", "organization_id", "user_id"),
    )

    organization_id: Mapped[UUID]
    provider_id: Mapped[UUID]
    user_id: Mapped[UUID]
    subject: Mapped[str] = mapped_column(String(255))  # OpenID Connect Core §2: at most 255 characters
    last_used_at: Mapped[datetime]
