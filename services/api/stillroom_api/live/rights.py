"""What the people behind open connections may do, looked at again while these are open.

A request is authorised once; a connection lives for hours. All of a process's are looked at together, in a few queries
whatever their number: every twenty seconds, and at once when somebody's rights changed or a sign-in ended.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from uuid import UUID

import structlog
from sqlalchemy import select

from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.actors.repository import actors_of_all, within
from stillroom_core.database import Database, Session, is_outage
from stillroom_core.environments.models import Environment
from stillroom_core.live.notices import RIGHTS
from stillroom_core.live.switchboard import Switchboard
from stillroom_core.members.models import User
from stillroom_core.sessions.models import RefreshToken
from stillroom_core.sessions.tokens import Claims, unauthenticated
from stillroom_core.tables import now
from stillroom_core.tasks import end
from stillroom_core.tenancy import everything
from stillroom_core.tokens.models import ApiToken
from stillroom_core.tokens.service import scope_of

log = structlog.get_logger()

_LOOK_EVERY = timedelta(seconds=20)
# Many sign-outs at the same moment are one look.
_GATHER = timedelta(seconds=0.2)
_OUTAGE_PAUSE = timedelta(seconds=1)
# While our own PostgreSQL is away nobody can know; after so long an open connection ends.
_LONGEST_DOUBT = timedelta(seconds=60)


@dataclass(frozen=True)
class Identity:
    """Whose a connection is, and by what: a sign-in of theirs, or an API token."""

    user_id: UUID
    claims: Claims | None = None
    token_id: UUID | None = None


@dataclass(eq=False)
class Guest:
    """The person or program behind one open connection."""

    identity: Identity
    actors: dict[UUID, Actor] = field(default_factory=dict)
    ended: bool = False
    # Called when what the person may do has changed, or the sign-in has ended.
    changed: Callable[[], None] = lambda: None

    def in_organization(self, slug: str) -> Actor | None:
        """The person as an actor of the organization; None for strangers."""
        return next((actor for actor in self.actors.values() if actor.organization_slug == slug), None)

    def may(
        self, permission: Permission, organization_id: UUID, project_id: UUID, environment: Environment | None = None
    ) -> bool:
        """Whether the act is allowed there, as far as is known now."""
        actor = self.actors.get(organization_id)
        return not self.ended and actor is not None and actor.may(permission, project_id, environment)


class Rights:
    """The guests of one process."""

    def __init__(self, database: Database, switchboard: Switchboard) -> None:
        self._database = database
        self._switchboard = switchboard
        self._guests: set[Guest] = set()
        self._told = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._known_at = 0.0
        self._closed = False

    @asynccontextmanager
    async def guest(self, identity: Identity) -> AsyncIterator[Guest]:
        """Somebody who is looked after while the block runs; raises Unauthenticated."""
        guest = Guest(identity)
        async with self._database.unscoped() as session:
            known = await _known(session, {guest})
        actors = known.actors_of(guest)
        if actors is None:
            raise unauthenticated()
        guest.actors = actors
        self._watch()
        self._guests.add(guest)
        try:
            yield guest
        finally:
            self._guests.discard(guest)

    async def close(self) -> None:
        """Ends the looking."""
        if self._task is not None:
            self._switchboard.leave(RIGHTS, self._heard)
            self._closed = True
            await end([self._task])

    def _watch(self) -> None:
        if self._task is None:
            self._switchboard.listen(RIGHTS, self._heard)
            self._task = asyncio.create_task(self._keep_looking())

    def _heard(self, _text: str | None) -> None:
        # None says that something may have been missed, which is the same reason.
        self._told.set()

    async def _keep_looking(self) -> None:
        self._known_at = monotonic()
        while not self._closed:
            try:
                async with asyncio.timeout(_LOOK_EVERY.total_seconds()):
                    await self._told.wait()
                await asyncio.sleep(_GATHER.total_seconds())
            except TimeoutError:
                pass
            self._told.clear()
            try:
                await self._look()
            except Exception as error:
                if not is_outage(error):
                    log.exception("rights.broke")
                self._doubt()
                self._told.set()
                await asyncio.sleep(_OUTAGE_PAUSE.total_seconds())

    async def _look(self) -> None:
        guests = set(self._guests)
        if guests:
            async with self._database.unscoped() as session:
                known = await _known(session, guests)
            for guest in guests:
                _update(guest, known.actors_of(guest))
        self._known_at = monotonic()

    def _doubt(self) -> None:
        if monotonic() - self._known_at > _LONGEST_DOUBT.total_seconds():
            for guest in tuple(self._guests):
                guest.ended = True
                guest.changed()


@dataclass(frozen=True)
class _Known:
    """What our tables say of several guests."""

    people: dict[UUID, User]
    actors: dict[UUID, list[Actor]]
    families: frozenset[UUID]
    tokens: dict[UUID, ApiToken]

    def actors_of(self, guest: Guest) -> dict[UUID, Actor] | None:
        """What the guest may do now, by organization; None when the person, the sign-in or the token has ended."""
        identity = guest.identity
        person = self.people.get(identity.user_id)
        if person is None or person.disabled_at is not None:
            return None
        actors = self.actors[person.id]
        if identity.claims is not None:
            alive = identity.claims.family_id in self.families
            if not alive or person.token_version != identity.claims.token_version:
                return None
        else:
            token = self.tokens.get(identity.token_id) if identity.token_id else None
            if token is None or token.revoked_at is not None or token.expires_at <= now():
                return None
            actors = within(actors, token.organization_id, scope_of(token))
        return {actor.organization_id: actor for actor in actors if not actor.barred}


async def _known(session: Session, guests: set[Guest]) -> _Known:
    """Reads it in a few queries, however many they are."""
    identities = [guest.identity for guest in guests]
    families = {identity.claims.family_id for identity in identities if identity.claims}
    people = await session.scalars(select(User).where(User.id.in_({identity.user_id for identity in identities})))
    by_id = {user.id: user for user in people}
    alive = await session.scalars(
        select(RefreshToken.family_id)
        .where(
            RefreshToken.family_id.in_(families),
            RefreshToken.revoked_at.is_(None),
            RefreshToken.expires_at > now(),
        )
        .distinct()
    )
    known = frozenset(alive)
    keys = {identity.token_id for identity in identities if identity.token_id}
    async with everything(session):
        tokens = {row.id: row for row in await session.scalars(select(ApiToken).where(ApiToken.id.in_(keys)))}
    return _Known(by_id, await actors_of_all(session, list(by_id.values())), known, tokens)


def _update(guest: Guest, actors: dict[UUID, Actor] | None) -> None:
    if actors is None:
        guest.ended = True
        guest.changed()
    elif actors != guest.actors:
        guest.actors = actors
        guest.changed()
