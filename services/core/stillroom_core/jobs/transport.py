"""Kombu's way to Valkey, where a message that is none is dropped.

Kombu itself takes what it cannot read for a loss of the connection, or gives up: one line pushed into the list by
hand would end the worker, and every job that it runs.
"""

from typing import Any, Final

import structlog
from kombu.transport import TRANSPORT_ALIASES, redis

log = structlog.get_logger()

_NAME: Final = f"{__name__}:Transport"


class Channel(redis.Channel):
    """Reads the list; a message has been taken out of it before anybody looks what it is."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # kombu has no types
        except (ValueError, KeyError, TypeError, AttributeError) as cause:
            log.warning("message.unreadable", cause=type(cause).__name__)
            return True


class Transport(redis.Transport):
    """The one of redis:// and rediss:// addresses from now on."""

    Channel = Channel


def register() -> None:
    """Makes Celery take this one; calling it again changes nothing."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = _NAME
