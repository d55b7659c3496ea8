"""The broker of messages where it is another server than Valkey: reached, named, and how long its queues are.

Without BROKER_URL messages go over Valkey, and none of this is asked. Everything here opens a connection of its own.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

from amqp.exceptions import AMQPError, NotFound
from kombu import Connection
from kombu.exceptions import KombuError

from stillroom_core.jobs import transport
from stillroom_core.settings import Settings

WITHIN = timedelta(seconds=3)
# What says that the broker is away or refuses us.
Away = (AMQPError, KombuError, OSError, TimeoutError)
Answer = TypeVar("Answer")


async def lengths(settings: Settings, names: Sequence[str]) -> dict[str, int]:
    """How many messages wait in each queue; 0 for one that nobody has made yet. Raises `Away`."""
    return await _asked(settings, lambda connection: {name: _length(connection, name) for name in names})


async def product(settings: Settings) -> str:
    """What the broker calls itself, as "RabbitMQ 3.10.8". Raises `Away`."""
    return await _asked(settings, _named)


def address(settings: Settings) -> tuple[str, int] | None:
    """Host and port of a broker that is no Valkey of ours; None where there is none."""
    if settings.broker_url is None:
        return None
    url = urlsplit(settings.broker_url.get_secret_value())
    return url.hostname or "127.0.0.1", url.port or (5671 if url.scheme == "amqps" else 5672)


async def _asked(settings: Settings, question: Callable[[Connection], Answer]) -> Answer:
    def ask() -> Answer:
        seconds = WITHIN.total_seconds()
        options = {"read_timeout": seconds, "write_timeout": seconds}
        transport.register()
        with Connection(settings.messages_url, connect_timeout=seconds, transport_options=options) as connection:
            connection.connect()
            return question(connection)

    return await asyncio.to_thread(ask)


def _length(connection: Connection, name: str) -> int:
    channel: Any = connection.channel()  # the broker closes it with its "no such queue"
    try:
        return int(channel.queue_declare(name, passive=True).message_count)
    except NotFound:
        return 0


def _named(connection: Connection) -> str:
    told: Any = connection.connection
    about = told.server_properties
    return f"{about.get('product', 'AMQP')} {about.get('version', '')}".strip()
