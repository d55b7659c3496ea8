"""Our own PostgreSQL and Valkey, which must never be somebody's database to migrate.

Whoever could name them would sign in there from inside our own network. They are refused by where they stand and
not by how they are spelled. In development one embedded server holds both our rows and the databases to play with;
there only our own database is refused.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url

from stillroom_core.jobs.broker import address as address_of_messages
from stillroom_core.outbound.addresses import Address, embedded
from stillroom_core.settings import Settings

_RESOLVE_SECONDS = 3.0
_POSTGRES, _VALKEY = 5432, 6379
_HERE = "this machine"


class _Place(NamedTuple):
    """Where one of our servers stands; `database` is what alone is refused there, None for everything."""

    host: str
    port: int
    database: str | None


@dataclass(frozen=True)
class OwnServers:
    """Our servers as they are to be found now."""

    _places: frozenset[_Place]

    @classmethod
    async def of(cls, settings: Settings) -> OwnServers:
        """From the settings, their names looked up; a name that has no answer counts as a name."""
        places = list(_places(settings))
        found = await asyncio.gather(*(_spellings(place.host) for place in places))
        return cls(
            frozenset(
                place._replace(host=spelling)
                for place, spellings in zip(places, found, strict=True)
                for spelling in spellings
            )
        )

    def hold(self, spellings: Iterable[str], port: int, database: str) -> bool:
        """Whether this database, at any of these spellings of its host, is one of ours."""
        wanted = set(spellings)
        return any(
            place.host in wanted and place.port == port and place.database in (None, database) for place in self._places
        )

    def hold_address(self, address: Address, port: int, database: str) -> bool:
        """The same for an address to which a name led."""
        return self.hold([_spelled(address)], port, database)


async def is_own(settings: Settings, host: str, port: int, database: str) -> bool:
    """Whether a database that somebody wants to add stands on one of our servers, wherever its name leads now."""
    ours, spellings = await asyncio.gather(OwnServers.of(settings), _spellings(host))
    return ours.hold(spellings, port, database)


def _places(settings: Settings) -> Iterable[_Place]:
    urls = [settings.database_url, settings.owner_database_url, settings.database_replica_url]
    for text in {url.get_secret_value() for url in urls if url is not None}:
        url = make_url(text)
        # libpq's own spellings, in the query: sockets, several hosts, another address than the name's.
        query = [value for name in ("host", "hostaddr") for value in _listed(url.query.get(name))]
        hosts = [host for host in (url.host, *query) if host] or [""]
        ports = [int(port) for port in (url.port, *_listed(url.query.get("port"))) if port] or [_POSTGRES]
        for host in hosts:
            at = "127.0.0.1" if not host or host.startswith("/") else host  # who has a socket listens there too
            yield from (_Place(at, port, url.database if settings.development else None) for port in ports)
    broker = urlsplit(settings.redis_url.get_secret_value())
    if broker.hostname:
        yield _Place(broker.hostname, broker.port or _VALKEY, None)
    if messages := address_of_messages(settings):
        yield _Place(*messages, None)


def _listed(value: str | tuple[str, ...] | None) -> list[str]:
    values = value if isinstance(value, tuple) else (value,) if value else ()
    return [part for text in values for part in text.split(",")]


async def _spellings(host: str) -> set[str]:
    """The name itself and every address that it has now."""
    name = host.lower().rstrip(".")
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(_RESOLVE_SECONDS):
            answers = await loop.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError):
        return {name}  # whoever connects looks it up again, and judges that answer
    return {name} | {_spelled(ip_address(str(answer[4][0]).partition("%")[0])) for answer in answers}


def _spelled(address: Address) -> str:
    """One spelling for all addresses that lead to the same place."""
    inner = embedded(address) if isinstance(address, IPv6Address) and not address.is_loopback else None
    found = inner or address
    return _HERE if found.is_loopback or found.is_unspecified else str(found)
