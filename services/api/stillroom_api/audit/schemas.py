"""Shapes of the audit log."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from stillroom_core.audit.chain import Chain
from stillroom_core.audit.models import AuditEntry
from stillroom_core.audit.repository import AuditFilter

Outcome = Literal["done", "refused", "found"]


class AuditActor(BaseModel):
    """Who acted; a token stands beside its owner."""

    kind: str
    id: UUID | None
    name: str
    token_id: UUID | None
    token_name: str | None


class AuditSubject(BaseModel):
    """What the act was about; it may be gone since."""

    kind: str
    id: str | None
    name: str | None
    project_id: UUID | None
    database_id: UUID | None


class AuditRead(BaseModel):
    """One entry."""

    number: int
    at: datetime
    actor: AuditActor
    address: str
    request_id: str
    action: str
    outcome: str
    reason: str | None
    subject: AuditSubject
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    hash: str

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditRead":
        """From the row."""
        return cls(
            number=entry.number,
            at=entry.at,
            actor=AuditActor(
                kind=entry.actor_kind,
                id=entry.actor_id,
                name=entry.actor_name,
                token_id=entry.token_id,
                token_name=entry.token_name,
            ),
            address=entry.address,
            request_id=entry.request_id,
            action=entry.action,
            outcome=entry.outcome,
            reason=entry.reason,
            subject=AuditSubject(
                kind=entry.subject_kind,
                id=entry.subject_id,
                name=entry.subject_name,
                project_id=entry.project_id,
                database_id=entry.database_id,
            ),
            before=entry.before,
            after=entry.after,
            hash=entry.hash.hex(),
        )


class AuditPage(BaseModel):
    """Entries, newest first; `next_before` leads to older ones."""

    items: list[AuditRead]
    next_before: int | None


class AuditQuery(BaseModel):
    """Which entries are wanted; everything that is given must hold."""

    model_config = ConfigDict(extra="forbid")

    action: Annotated[str | None, Field(max_length=64, description="job.upgrade, or a noun for all of its acts")] = None
    outcome: Outcome | None = None
    actor: UUID | None = None
    token: UUID | None = None
    project: UUID | None = None
    database: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    q: Annotated[str | None, Field(max_length=200, description="words of names, actions and addresses")] = None
    before: Annotated[int | None, Field(ge=1, le=2**62, description="only entries with a lower number")] = None

    def meant(self) -> AuditFilter:
        """As the repository takes it."""
        return AuditFilter(
            action=self.action,
            outcome=self.outcome,
            actor_id=self.actor,
            token_id=self.token,
            project_id=self.project,
            database_id=self.database,
            since=self.since,
            until=self.until,
            words=self.q,
            before=self.before,
        )


class AuditPageQuery(AuditQuery):
    """A page of them."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50


class AuditVerification(BaseModel):
    """Whether the chain holds: up to which entry, with which hash, and where it breaks."""

    holds: bool
    entries: int
    head: str
    broken_at: int | None
    reason: Literal["changed", "missing", "unlinked"] | None

    @classmethod
    def of(cls, chain: Chain) -> "AuditVerification":
        """From the chain as far as it was followed."""
        return cls.model_validate(
            {
                "holds": chain.broken is None,
                "entries": chain.number,
                "head": chain.head.hex(),
                "broken_at": chain.broken.number if chain.broken else None,
                "reason": chain.broken.reason if chain.broken else None,
            }
        )
