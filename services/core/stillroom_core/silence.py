"""How long a connection of ours may be silent before we look whether anybody is still there.

A network forgets idle connections (NAT, a firewall, a host that vanished) and closes nothing: whatever is sent then
is swallowed. The system probes idle connections and gives up what is not acknowledged; and before a kept connection
is used again, it is asked and has to answer soon.
"""

from __future__ import annotations

import asyncio
import socket
from datetime import timedelta
from typing import Any

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError, TimeoutError  # noqa: A004  these are the client's own

# What a kept connection to our own PostgreSQL may take to say that it lives, and a new one to be made.
PING_WITHIN = timedelta(seconds=3)
CONNECT_WITHIN = timedelta(seconds=10)
# The broker only rings and counts; whoever waits for it longer than this has something better to do.
BROKER_WITHIN = timedelta(seconds=5)

_UNACKNOWLEDGED = timedelta(seconds=20)


def keepalive() -> dict[int, int]:
    """Options of a TCP socket: an idle connection whose other end is gone is found out within 30 s."""
    wanted = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}
    wanted["TCP_USER_TIMEOUT"] = int(_UNACKNOWLEDGED.total_seconds() * 1000)
    return {getattr(socket, name): value for name, value in wanted.items() if hasattr(socket, name)}


# The same at the other end, for this session: a server is told of no client that vanished either, and would keep what
# the session holds (a lock, one of its few places) for the two hours after which its system first asks. By a
# statement and not on signing in, where poolers refuse what they do not know; without effect on a Unix socket.
ASK_SERVER_TO_PROBE = "select " + ", ".join(
    f"pg_catalog.set_config('{name}', '{value}', false)"
    for name, value in (
        ("tcp_keepalives_idle", 15),
        ("tcp_keepalives_interval", 5),
        ("tcp_keepalives_count", 3),
        ("tcp_user_timeout", int(_UNACKNOWLEDGED.total_seconds() * 1000)),
    )
)


def keep_alive(transport: asyncio.BaseTransport) -> None:
    """Set those on a connection that somebody else made."""
    handle = transport.get_extra_info("socket")
    if handle is None or handle.family not in (socket.AF_INET, socket.AF_INET6):
        return
    handle.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in keepalive().items():
        handle.setsockopt(socket.IPPROTO_TCP, option, value)


def open_broker(url: str, *, again: int = 1) -> Redis:
    """A client of our Valkey whose commands wait no longer than BROKER_WITHIN, and are sent `again` over a new one.

    With 0 a command that met a dead connection is lost: for whoever must not wait twice, as a job's heart.
    """
    options: dict[str, Any] = {"socket_keepalive": True, "socket_keepalive_options": keepalive()}
    return Redis.from_url(
        url,
        decode_responses=True,
        socket_timeout=BROKER_WITHIN.total_seconds(),
        socket_connect_timeout=BROKER_WITHIN.total_seconds(),
        # At once: a connection that was kept may be gone, and a broker that is away is no news the second time.
        retry=Retry(NoBackoff(), again),
        retry_on_error=[ConnectionError, TimeoutError],
        **(options if not url.startswith("unix:") else {}),
    )
