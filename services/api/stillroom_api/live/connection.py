"""One open connection: what it subscribed to, and what it is told. docs/live.md describes the messages."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import structlog
from fastapi import WebSocket, WebSocketDisconnect

from stillroom_api.context import Context
from stillroom_api.jobs.look import JobLook
from stillroom_api.live.changes import Changes
from stillroom_api.live.rights import Guest
from stillroom_core.actors.actor import Actor
from stillroom_core.actors.permissions import Permission
from stillroom_core.errors import Invalid, StillroomError, not_found
from stillroom_core.jobs.readers import Batch
from stillroom_core.jobs.service import find_job, organization_of
from stillroom_core.live.notices import channel_of
from stillroom_core.projects.service import find_project
from stillroom_core.tasks import end
from stillroom_core.telemetry import metrics
from stillroom_core.tenancy import everything

log = structlog.get_logger()

# Application close codes: 4000 + the HTTP status that would have been the answer.
UNAUTHENTICATED = 4401
_MALFORMED, _SLOW, _BROKEN, AWAY = 4400, 4408, 1011, 1013
_GONE = 1006

_LONGEST_MESSAGE = 4096
_MOST_TOPICS = 32
# A client that takes nothing for so long holds a message and a place; it may come back and ask for the rest.
_SLOWEST_CLIENT = timedelta(seconds=30)
# Notices of a busy moment are one.
_GATHER = timedelta(seconds=0.25)
# How often a page looks by itself while the broker is away.
_LOOK_AGAIN = timedelta(seconds=3)


@dataclass
class _Topic:
    """Something that the client subscribed to."""

    task: "asyncio.Task[None]"
    # Whether the client may (still) hear of it.
    allowed: Callable[[], bool]
    changes: Changes | None = None


class Connection:
    """Serves one client until it leaves, its sign-in ends, or it misbehaves."""

    def __init__(self, context: Context, socket: WebSocket, guest: Guest) -> None:
        self._context = context
        self._socket = socket
        self._guest = guest
        self._topics: dict[str, _Topic] = {}
        self._sending = asyncio.Lock()
        self._rights_changed = asyncio.Event()

    async def serve(self) -> None:
        """Ends with the connection."""
        self._guest.changed = self._rights_changed.set
        parts = {asyncio.create_task(self._listen()), asyncio.create_task(self._guard())}
        metrics.LIVE_CONNECTIONS.inc()
        try:
            await self._send({"type": "ready"})
            done, _ = await asyncio.wait(parts, return_when=asyncio.FIRST_COMPLETED)
            code = next(iter(done)).result()
        except WebSocketDisconnect:
            code = None
        except TimeoutError:
            code = _SLOW
        finally:
            metrics.LIVE_CONNECTIONS.dec()
            await end([*parts, *(topic.task for topic in self._topics.values())])
        if code is not None:
            await close(self._socket, code)

    async def _guard(self) -> int:
        """Ends topics that the person may not hear of any more; returns when the sign-in has ended."""
        while True:
            await self._rights_changed.wait()
            self._rights_changed.clear()
            if self._guest.ended:
                return UNAUTHENTICATED
            for name, topic in tuple(self._topics.items()):
                if not topic.allowed():
                    await self._drop(name)
                    await self._refuse(name, not_found(name.partition(":")[0]))
                elif topic.changes is not None:
                    topic.changes.everything()  # other projects may be visible now

    async def _listen(self) -> int:
        """Does what the client asks, one after the other, so that asking costs the client its own time."""
        while True:
            try:
                message = await receive(self._socket)
                if "ping" in message:
                    await self._send({"type": "pong", "ping": message["ping"]})
                elif "subscribe" in message:
                    await self._subscribe(str(message["subscribe"]), int(message.get("after", 0)))
                elif "unsubscribe" in message:
                    await self._drop(str(message["unsubscribe"]))
                else:
                    return _MALFORMED
            except (ValueError, TypeError):
                return _MALFORMED

    async def _subscribe(self, name: str, after: int) -> None:
        await self._drop(name)
        kind, _, rest = name.partition(":")
        try:
            if len(self._topics) >= _MOST_TOPICS:
                raise Invalid("too_many_topics", f"A connection has at most {_MOST_TOPICS} topics.")
            match kind:
                case "organization":
                    topic = self._organization(name, rest)
                case "project":
                    topic = await self._project(name, rest)
                case "job":
                    topic = await self._job(name, rest, after)
                case _:
                    raise Invalid("unknown_topic", "There is no such topic.", fix="See docs/live.md.")
        except StillroomError as refusal:
            await self._refuse(name, refusal)
            return
        self._topics[name] = topic
        await self._send({"type": "subscribed", "topic": name})

    async def _drop(self, name: str) -> None:
        topic = self._topics.pop(name, None)
        if topic is not None:
            await end([topic.task])

    def _organization(self, name: str, slug: str) -> _Topic:
        key = self._actor(slug).organization_id

        def hears_of(project_id: UUID) -> bool:
            actor = self._guest.actors.get(key)
            return actor is not None and actor.sees_project(project_id)

        return self._changes(name, key, hears_of, lambda: key in self._guest.actors)

    async def _project(self, name: str, path: str) -> _Topic:
        slug, _, project_slug = path.partition("/")
        actor = self._actor(slug)
        async with self._context.database.transaction(actor.organization_id) as session:
            project = await find_project(session, actor, project_slug)
        key, project_id = actor.organization_id, project.id

        def allowed() -> bool:
            return self._guest.may(Permission.PROJECT_READ, key, project_id)

        return self._changes(name, key, lambda changed: changed == project_id and allowed(), allowed)

    def _changes(
        self, name: str, organization_id: UUID, hears_of: Callable[[UUID], bool], allowed: Callable[[], bool]
    ) -> _Topic:
        changes = Changes(hears_of)
        task = self._start(name, self._tell_changes(name, organization_id, changes))
        return _Topic(task, allowed, changes)

    async def _tell_changes(self, name: str, organization_id: UUID, changes: Changes) -> None:
        board, channel = self._context.switchboard, channel_of(organization_id)
        board.listen(channel, changes.heard)
        try:
            while True:
                about = await changes.take(None if board.hears(channel) else _LOOK_AGAIN)
                await self._send({"type": "changed", "topic": name, "about": about})
                await asyncio.sleep(_GATHER.total_seconds())
        finally:
            board.leave(channel, changes.heard)

    async def _job(self, name: str, key: str, after: int) -> _Topic:
        try:
            job_id = UUID(key)
        except ValueError:
            raise not_found("job") from None
        async with self._context.database.unscoped() as session, everything(session):
            organization_id = await organization_of(session, job_id)
        actor = self._guest.actors.get(organization_id) if organization_id else None
        if organization_id is None or actor is None:
            raise not_found("job")
        async with self._context.database.transaction(organization_id) as session:
            placed = await find_job(session, actor, job_id)
        project_id, environment = placed.job.project_id, placed.environment
        actor.check(Permission.JOB_READ, project_id, environment)

        def may(permission: Permission) -> bool:
            return self._guest.may(permission, organization_id, project_id, environment)

        readers = self._context.readers
        batches = readers.follow(organization_id, job_id, after=after, unmasked=lambda: may(Permission.DATA_UNMASKED))
        return _Topic(
            self._start(name, self._tell_job(name, organization_id, batches)), lambda: may(Permission.JOB_READ)
        )

    async def _tell_job(self, name: str, organization_id: UUID, batches: AsyncIterator[Batch]) -> None:
        topic = json.dumps(name)
        async for batch in batches:
            if batch.lines:
                await self._send_text(f'{{"type":"events","topic":{topic},"items":{batch.text}}}')
            actor = self._guest.actors.get(organization_id)
            if isinstance(batch.job, JobLook) and actor is not None:
                await self._send_text(f'{{"type":"job","topic":{topic},"job":{batch.job.text_for(actor)}}}')
            if batch.ended:
                await self._send({"type": "end", "topic": name})
        self._topics.pop(name, None)

    def _actor(self, slug: str) -> Actor:
        actor = self._guest.in_organization(slug)
        if actor is None:
            raise not_found("organization")
        return actor

    def _start(self, name: str, work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
        followed = metrics.LIVE_TOPICS.labels(name.partition(":")[0])

        async def run() -> None:
            followed.inc()
            try:
                await work
            except WebSocketDisconnect:
                return  # the client has left: whoever listens to it finds out
            except TimeoutError:
                await close(self._socket, _SLOW)
            except Exception:
                log.exception("live.topic_broke", topic=name)
                await close(self._socket, _BROKEN)  # the client comes again and asks for what it misses
            finally:
                followed.dec()

        return asyncio.create_task(run())

    async def _refuse(self, name: str, refusal: StillroomError) -> None:
        texts = {"status": refusal.status, **refusal.as_dict()}
        await self._send({"type": "refused", "topic": name, **texts})

    async def _send(self, content: dict[str, Any]) -> None:
        await self._send_text(json.dumps(content, separators=(",", ":")))

    async def _send_text(self, text: str) -> None:
        """One message at a time; raises TimeoutError when the client does not take it."""
        try:
            async with self._sending, asyncio.timeout(_SLOWEST_CLIENT.total_seconds()):
                await self._socket.send_text(text)
        except RuntimeError:  # Starlette's word for a connection that has been closed
            raise WebSocketDisconnect(_GONE) from None


async def receive(socket: WebSocket, *, patience: float | None = None) -> dict[str, Any]:
    """The next message; raises ValueError when it is not a small JSON object, TimeoutError when none comes."""
    try:
        async with asyncio.timeout(patience):
            text = await socket.receive_text()
    except KeyError:
        raise ValueError("not text") from None
    except RuntimeError:  # Starlette's word for a connection that has been closed
        raise WebSocketDisconnect(_GONE) from None
    if len(text) > _LONGEST_MESSAGE:
        raise ValueError("too long")
    content = json.loads(text)
    if not isinstance(content, dict):
        raise TypeError("not an object")
    return content


async def close(socket: WebSocket, code: int) -> None:
    """Closes, or does nothing where the client has closed first."""
    with contextlib.suppress(RuntimeError, WebSocketDisconnect):
        await socket.close(code)
