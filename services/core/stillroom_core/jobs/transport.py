"""Kombu's ways to Valkey and RabbitMQ, where a message that is none is dropped, and TLS always verified.

Kombu itself takes what it cannot read for a loss of the connection, or gives up: one line pushed into the list by
hand would end the worker, and every job that it runs. Over rediss:// it verifies no certificate, and over amqps:// no
name, and files that an address names it hands on under names that its client does not know.
"""

import ssl
from typing import Any, Final

import structlog
from kombu.transport import TRANSPORT_ALIASES, pyamqp, redis

log = structlog.get_logger()

_VALKEY: Final = f"{__name__}:Transport"
_RABBITMQ: Final = f"{__name__}:Encrypted"
_PREFIX: Final = "ssl_"  # of what an address says of certificates: stillroom_core.own_tls


class Channel(redis.Channel):
    """Reads the list; a message has been taken out of it before anybody looks what it is."""

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]  # kombu has no types
        except (ValueError, KeyError, TypeError, AttributeError) as cause:
            log.warning("message.unreadable", cause=type(cause).__name__)
            return True

    def _connparams(self, asynchronous: bool = False) -> Any:
        given = super()._connparams(asynchronous=asynchronous)  # type: ignore[misc]
        connection: Any = self.connection
        if connection.client.ssl:
            given |= {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}
        return given


class Transport(redis.Transport):
    """The one of redis:// and rediss:// addresses from now on."""

    Channel = Channel


class Encrypted(pyamqp.SSLTransport):
    """The one of amqps:// addresses from now on."""

    def establish_connection(self) -> Any:
        """Believes the server by its certificate and its name alone."""
        client: Any = self.client
        given = client.ssl if isinstance(client.ssl, dict) else {}
        files = {name.removeprefix(_PREFIX): value for name, value in given.items()}
        # Kombu makes an address of "localhost" as it connects: the name that was given stays the one that is compared.
        client.ssl = {"server_hostname": client.hostname, **files, "cert_reqs": ssl.CERT_REQUIRED}
        return super().establish_connection()


def register() -> None:
    """Makes Celery take these; calling it again changes nothing."""
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = _VALKEY
    TRANSPORT_ALIASES["amqps"] = _RABBITMQ
