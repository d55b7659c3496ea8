"""Writing the audit log: one entry for each act, in the transaction of the act; one for each refusal, by itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from stillroom_core.actors.acting import Origin, acting_in
from stillroom_core.actors.actor import Actor
from stillroom_core.audit.chain import BEGINNING, Chain, hash_of
from stillroom_core.audit.changes import Changes, without_secrets
from stillroom_core.audit.models import AuditEntry
from stillroom_core.audit.repository import AuditFilter, AuditRepository
from stillroom_core.database import Session
from stillroom_core.members.models import User
from stillroom_core.tables import now

_ENTRY = "stillroom_audit_entry"
_PAGE = 1000


@dataclass(frozen=True, kw_only=True)
class Subject:
    """What an act is about."""

    kind: str
    id: str | None = None
    name: str | None = None
    project_id: UUID | None = None
    database_id: UUID | None = None


@dataclass
class _Told:
    """What a service function said of its act, over what the rows show by themselves."""

    action: str
    subject: Subject
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None


def record(
    session: Session,
    actor: Actor,
    action: str,
    subject: Subject,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
) -> None:
    """Says in the words of the act what its entry tells; without it the entry follows from the changed rows.

    A request writes one entry. Secrets are left out here too, by the names of their fields.
    """
    acting_in(session).actor = actor
    session.info[_ENTRY] = _Told(action, subject, before, after)


async def write_act(session: Session, action: str, path: Mapping[str, str]) -> None:
    """The entry of a request that was done, before its transaction is committed; nothing where nobody acted."""
    acting = acting_in(session)
    if acting.actor is None:
        return
    await session.flush()
    changes: Changes = session.info.get(Changes.KEY) or Changes()
    told: _Told | None = session.info.pop(_ENTRY, None)
    if told is None:
        noun = action.partition(".")[0]
        found = changes.of(noun)
        subject = Subject(
            kind=found.noun if found else noun,
            id=str(found.id) if found else _last(path),
            name=found.name if found else "/".join(path.values())[:300] or None,
            project_id=changes.project_id or _key(path.get("project")),
            database_id=changes.database_id or _key(path.get("database")),
        )
        told = _Told(action, subject, changes.before(), changes.after())
    await _add(session, acting.actor, acting.origin, told, outcome="done")


async def write_elsewhere(
    session: Session, actor: Actor, action: str, subject: Subject, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    """The second entry of an act that concerns two organizations: here, in the actor's, which the session sees."""
    await _add(session, actor, acting_in(session).origin, _Told(action, subject, before, after), outcome="done")


async def write_refusal(
    session: Session,
    actor: Actor,
    origin: Origin,
    action: str,
    path: Mapping[str, str],
    reason: str,
    *,
    once: timedelta | None = None,
) -> None:
    """The entry of a request that was refused; its own transaction has been rolled back.

    With `once` nothing is written where the same person was refused for the same reason, from the same address and
    through the same token, so short a time ago.
    """
    repository = AuditRepository(session, actor.organization_id)
    token = actor.scope.token_id if actor.scope else None
    if once and await repository.refused_since(now() - once, actor.user_id, token, origin.address[:64], reason[:200]):
        return
    noun = action.partition(".")[0]
    subject = Subject(kind=noun, id=_last(path), name="/".join(path.values())[:300] or None)
    await _add(session, actor, origin, _Told(action, subject), outcome="refused", reason=reason)


async def write_found(
    session: Session,
    organization_id: UUID,
    action: str,
    subject: Subject,
    before: Mapping[str, Any],
    after: Mapping[str, Any],
) -> None:
    """What a worker found, which nobody did here."""
    entry = _entry(_Told(action, subject, before, after), outcome="found")
    entry.organization_id, entry.actor_kind, entry.actor_name = organization_id, "system", "Stillroom"
    entry.address = entry.request_id = ""
    await _chain(session, entry)


async def write_of_account(
    session: Session,
    organization_id: UUID,
    person: User,
    action: str,
    details: Mapping[str, Any] | None,
    *,
    outcome: str,
    reason: str | None,
) -> None:
    """What happened to a member's account, which concerns the organization; the session sees it already."""
    origin = acting_in(session).origin
    subject = Subject(kind="account", id=str(person.id), name=person.email)
    row = f"account {person.email}"
    sides = details if details and details.keys() == {"before", "after"} else {"before": None, "after": details}
    before, after = ({row: sides[side]} if sides[side] else None for side in ("before", "after"))
    entry = _entry(_Told(action, subject, before, after), outcome=outcome)
    entry.organization_id, entry.reason = organization_id, reason[:200] if reason else None
    entry.actor_kind, entry.actor_id, entry.actor_name = person.kind, person.id, person.name
    entry.address, entry.request_id = origin.address[:64], origin.request_id[:64]
    await _chain(session, entry)


async def write_stranger(
    session: Session, organization_id: UUID, email: str | None, action: str, details: Mapping[str, Any], *, reason: str
) -> None:
    """What somebody was refused of whom no account is known here, only the address that others say is theirs."""
    origin = acting_in(session).origin
    row = f"account {email}" if email else "account"
    entry = _entry(_Told(action, Subject(kind="account", name=email), None, {row: details}), outcome="refused")
    entry.organization_id, entry.reason = organization_id, reason[:200]
    entry.actor_kind, entry.actor_name = "unknown", (email or "")[:200]
    entry.address, entry.request_id = origin.address[:64], origin.request_id[:64]
    await _chain(session, entry)


async def newest(session: Session, actor: Actor, wanted: AuditFilter, limit: int) -> Sequence[AuditEntry]:
    """Entries of the actor's organization that match, newest first."""
    return await AuditRepository(session, actor.organization_id).newest(wanted, limit)


async def verify(session: Session, organization_id: UUID) -> Chain:
    """Follows the whole chain of an organization; a page of it at a time."""
    chain = Chain()
    repository = AuditRepository(session, organization_id)
    after = 0
    while entries := await repository.from_the_first(after=after, limit=_PAGE):
        chain.follow(entries)
        if chain.broken is not None:
            break
        after = entries[-1].number
        for entry in entries:
            session.expunge(entry)
    return chain


async def _add(
    session: Session, actor: Actor, origin: Origin, told: _Told, *, outcome: str, reason: str | None = None
) -> None:
    entry = _entry(told, outcome=outcome)
    entry.organization_id = actor.organization_id
    entry.reason = reason[:200] if reason else None
    entry.actor_kind, entry.actor_id, entry.actor_name = actor.kind, actor.user_id, actor.name
    if actor.scope is not None:
        entry.token_id, entry.token_name = actor.scope.token_id, actor.scope.token_name
    entry.address, entry.request_id = origin.address[:64], origin.request_id[:64]
    await _chain(session, entry)


def _entry(told: _Told, *, outcome: str) -> AuditEntry:
    subject = told.subject
    return AuditEntry(
        action=told.action[:64],
        outcome=outcome,
        subject_kind=subject.kind[:32],
        subject_id=str(subject.id)[:64] if subject.id else None,
        subject_name=subject.name[:300] if subject.name else None,
        project_id=subject.project_id,
        database_id=subject.database_id,
        before=without_secrets(told.before),
        after=without_secrets(told.after),
    )


async def _chain(session: Session, entry: AuditEntry) -> None:
    # One writer at a time in an organization, until its commit: what the next one sees as the last is the last.
    key = func.hashtextextended(str(entry.organization_id), 1)
    await session.execute(select(func.pg_advisory_xact_lock(key)))
    last = await AuditRepository(session, entry.organization_id).last()
    entry.number = last.number + 1 if last else 1
    entry.previous_hash = last.hash if last else BEGINNING
    entry.at = now()
    entry.hash = hash_of(entry)
    session.add(entry)
    await session.flush()


def _last(path: Mapping[str, str]) -> str | None:
    """What a path names at its end."""
    return list(path.values())[-1] if path else None


def _key(text: str | None) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
