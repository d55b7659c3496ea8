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
from stillroom_core.actors.repository import actors_of_all
from stillroom_core.database import Database, is_outage
from stillroom_core.live.notices import RIGHTS
from stillroom_core.live.switchboard import Switchboard
from stillroom_core.members.models import User
from stillroom_core.sessions.models import RefreshToken
from stillroom_core.sessions.service import person_of
from stillroom_core.sessions.tokens import Claims
from stillroom_core.tables import now
from stillroom_core.tasks import end

log = structlog.get_logger()

_LOOK_EVERY = timedelta(seconds=20)
# Many sign-outs at the same moment are one look.
_GATHER = timedelta(seconds=0.2)
_OUTAGE_PAUSE = timedelta(seconds=1)
# While our own PostgreSQL is away nobody can know; after so long an open connection ends.
_LONGEST_DOUBT = timedelta(seconds=60)


@dataclass(eq=False)
class Guest:
    """The person behind one open connection."""

    claims: Claims
    actors: dict[UUID, Actor] = field(default_factory=dict)
    ended: bool = False
    # Called when what the person may do has changed, or the sign-in has ended.
    changed: Callable[[], None] = lambda: None

    def in_organization(self, slug: str) -> Actor | None:
        """The person as an actor of the organization; None for strangers."""
        return next((actor for actor in self.actors.values() if actor.organization_slug == slug), None)

    def may(self, permission: Permission, organization_id: UUID, project_id: UUID) -> bool:
        """Whether the act is allowed there, as far as is known now."""
        actor = self.actors.get(organization_id)
        return not self.ended and actor is not None and actor.may(permission, project_id)


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
    async def guest(self, claims: Claims) -> AsyncIterator[Guest]:
        """Somebody who is looked after while the block runs; raises Unauthenticated."""
        guest = Guest(claims)
        async with self._database.unscoped() as session:
            person = await person_of(session, claims)
            guest.actors = _by_organization((await actors_of_all(session, [person]))[person.id])
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
        guests = tuple(self._guests)
        if guests:
            async with self._database.unscoped() as session:
                keys = {guest.claims.user_id for guest in guests}
                people = {user.id: user for user in await session.scalars(select(User).where(User.id.in_(keys)))}
                actors = await actors_of_all(session, list(people.values()))
                families = {guest.claims.family_id for guest in guests}
                alive = set(
                    await session.scalars(
                        select(RefreshToken.family_id)
                        .where(
                            RefreshToken.family_id.in_(families),
                            RefreshToken.revoked_at.is_(None),
                            RefreshToken.expires_at > now(),
                        )
                        .distinct()
                    )
                )
            for guest in guests:
                _update(guest, people.get(guest.claims.user_id), actors, alive)
        self._known_at = monotonic()

    def _doubt(self) -> None:
        if monotonic() - self._known_at > _LONGEST_DOUBT.total_seconds():
            for guest in tuple(self._guests):
                guest.ended = True
                guest.changed()


def _update(guest: Guest, person: User | None, actors: dict[UUID, list[Actor]], alive: set[UUID]) -> None:
    claims = guest.claims
    if (
        person is None
        or person.disabled_at is not None
        or person.token_version != claims.token_version
        or claims.family_id not in alive
    ):
        guest.ended = True
        guest.changed()
        return
    present = _by_organization(actors[person.id])
    if present != guest.actors:
        guest.actors = present
        guest.changed()


def _by_organization(actors: list[Actor]) -> dict[UUID, Actor]:
    return {actor.organization_id: actor for actor in actors}
