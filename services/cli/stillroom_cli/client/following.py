"""A job's stream from its server, over as many connections as it takes; each event once and in order."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
from websockets.sync.client import ClientConnection, connect

from stillroom_cli.client.connection import Client, is_local
from stillroom_cli.client.failures import Refused, Unreachable

_UNAUTHENTICATED, _POLICY = 4401, 1008
# A batch holds up to 1,000 events, each with up to 64 KiB of SQL.
_LARGEST_MESSAGE = 128 * 1024 * 1024
_TICK_SECONDS = 0.2
_FIRST_PAUSE, _LONGEST_PAUSE = 0.2, 5.0
GIVE_UP_AFTER_SECONDS = 600.0


@dataclass(frozen=True)
class Events:
    """New events, in order."""

    items: list[dict[str, Any]]


@dataclass(frozen=True)
class JobChanged:
    """The job as it is now."""

    job: dict[str, Any]


@dataclass(frozen=True)
class Quiet:
    """Nothing came for a moment: time to let clocks move on."""


@dataclass(frozen=True)
class Cut:
    """The connection was lost; it is tried again."""

    reason: str


@dataclass(frozen=True)
class Back:
    """The connection stands again, and what was missed follows."""


Message = Events | JobChanged | Quiet | Cut | Back


def follow(client: Client, job_id: str, *, after: int = 0) -> Iterator[Message]:
    """Everything of the stream after event number `after`, until the job has ended.

    A lost connection is made again with growing pauses, asking only for what is missing. Raises
    Unreachable when the server stays away for ten minutes, Refused when it stops the reading.
    """
    last = after
    lost = _Loss()
    token = client.access_token()
    while True:
        try:
            with _open(client, token) as socket:
                socket.send(json.dumps({"subscribe": f"job:{job_id}", "after": last}))
                for message in _messages(socket):
                    if message is None:
                        yield Quiet()
                        continue
                    if message["type"] == "refused":
                        raise Refused(message["status"], message)
                    if message["type"] == "ready":
                        continue
                    # Only an answer proves that we are back: a connection may be taken and then refused.
                    if lost.since is not None:
                        yield Back()
                    lost = _Loss()
                    if message["type"] == "events":
                        fresh = [item for item in message["items"] if item["seq"] > last]
                        if fresh:
                            last = fresh[-1]["seq"]
                            yield Events(fresh)
                    elif message["type"] == "job":
                        yield JobChanged(message["job"])
                    elif message["type"] == "end":
                        return
        except (ConnectionClosed, InvalidHandshake, OSError, EOFError) as cause:
            reason = _reason(cause)
            if _wants_token(cause):
                # Refused at once although just renewed: the server does not know this person any more.
                if lost.renewed:
                    raise Refused(401, {"title": "The server does not accept the sign-in."}) from None
                lost.renewed = True
                token = client.renew(token)
                continue
        else:
            reason = "the server closed the stream"
        if lost.since is None:
            lost.since = time.monotonic()
            yield Cut(reason)
        if time.monotonic() - lost.since > GIVE_UP_AFTER_SECONDS:
            raise Unreachable(
                f"{client.url} did not come back.",
                detail=reason,
                fix=f"The job goes on without this window. See it again with: stillroom logs -f {job_id}",
            )
        yield from lost.wait()
        token = _present_token(client, token)


class _Loss:
    """How long the connection has been away, and how long to wait before the next try."""

    def __init__(self) -> None:
        self.since: float | None = None
        self.renewed = False
        self._pause = _FIRST_PAUSE

    def wait(self) -> Iterator[Message]:
        """Waits a little longer each time, and not in step with everybody else's clients."""
        until = time.monotonic() + self._pause * random.uniform(0.7, 1.3)  # noqa: S311 - no secret
        self._pause = min(self._pause * 2, _LONGEST_PAUSE)
        while (left := until - time.monotonic()) > 0:
            time.sleep(min(left, _TICK_SECONDS))
            yield Quiet()


def _open(client: Client, token: str) -> ClientConnection:
    address = client.url.replace("http", "ws", 1)
    try:
        return connect(
            f"{address}/api/live",
            additional_headers={"Authorization": f"Bearer {token}"},
            proxy=None if is_local(client.url) else True,
            max_size=_LARGEST_MESSAGE,
            open_timeout=10,
            close_timeout=1,
        )
    except InvalidURI as cause:
        raise Refused(0, {"title": f"{client.url} is no address for a stream.", "detail": str(cause)}) from None


def _messages(socket: ClientConnection) -> Iterator[dict[str, Any] | None]:
    """Messages as they come; None for each moment without one. Ends with an orderly close."""
    while True:
        try:
            text = socket.recv(timeout=_TICK_SECONDS)
        except TimeoutError:
            yield None
            continue
        message = json.loads(text)
        if isinstance(message, dict) and "type" in message:
            yield message


def _wants_token(cause: Exception) -> bool:
    """Whether the token was refused; raises Refused when a new one would not help."""
    if isinstance(cause, ConnectionClosed):
        code = cause.rcvd.code if cause.rcvd else 0
        if code == _POLICY:
            raise Refused(403, {"title": "The server refuses live connections from here."})
        return code == _UNAUTHENTICATED
    if isinstance(cause, InvalidStatus):
        status = cause.response.status_code
        if status == 401:
            return True
        if 400 <= status < 500 and status not in (408, 425, 429):
            raise Refused(
                status,
                {
                    "title": f"The server answered {status} instead of opening the stream.",
                    "fix": "If a proxy stands before Stillroom, let it pass WebSocket connections through.",
                },
            )
    return False


def _present_token(client: Client, known: str) -> str:
    """A fresh token if the server is there to give one, else the known one: the connection will tell."""
    try:
        return client.access_token()
    except Unreachable:
        return known
    except Refused as refused:
        if refused.status >= 500:  # it is starting
            return known
        raise


def _reason(cause: Exception) -> str:
    if isinstance(cause, ConnectionClosed):
        return "the connection was cut" if cause.rcvd is None else f"closed with {cause.rcvd.code}"
    if isinstance(cause, InvalidStatus):
        return f"the server answered {cause.response.status_code}"
    return str(cause) or type(cause).__name__
