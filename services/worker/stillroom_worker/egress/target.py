"""Where a job's connections may go, and the words for why one did not get there."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from stillroom_core.outbound.addresses import Address

SslMode = Literal["disable", "prefer", "require", "verify-ca", "verify-full"]

RESOLVE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Tunnel:
    """An SSH server that connects onwards. `host_key` is what it must prove to hold: lines of `type base64`."""

    host: str
    port: int
    user: str
    host_key: str
    key: str = field(repr=False)

    @classmethod
    def of(cls, given: Mapping[str, Any] | None, key: str) -> "Tunnel | None":
        """From what a row has of it, and its key in clear."""
        return cls(**{name: given[name] for name in ("host", "port", "user", "host_key")}, key=key) if given else None


@dataclass(frozen=True, kw_only=True)
class Target:
    """One database, and how to sign in to it.

    `addresses` are where it was found and judged; with them its name is not looked up again. With a `tunnel` they are
    those of the SSH server, which looks the database's name up itself. `pooled`: behind a pooler, whose word for the
    number of a session's process is not the server's.
    """

    host: str
    port: int
    database: str
    user: str
    password: str = field(repr=False)
    sslmode: SslMode = "prefer"
    ca_pem: str | None = field(default=None, repr=False)
    client_pem: str | None = field(default=None, repr=False)
    client_key: str = field(default="", repr=False)
    tunnel: Tunnel | None = None
    addresses: tuple[Address, ...] = ()
    pooled: bool = False

    @property
    def door(self) -> tuple[str, int]:
        """Host and port that we connect to ourselves."""
        return (self.tunnel.host, self.tunnel.port) if self.tunnel else (self.host, self.port)


def ssh_server_alone(host: str, port: int) -> Target:
    """An SSH server behind which no database is looked for: what its address is judged and told by."""
    tunnel = Tunnel(host=host, port=port, user="", host_key="", key="")
    return Target(host="", port=0, database="", user="", password="", tunnel=tunnel)


class EgressRefused(Exception):
    """The target cannot be used at all; the texts are meant for people."""

    def __init__(self, code: str, title: str, *, detail: str = "", fix: str = "") -> None:
        super().__init__(f"{title} {detail}".strip())
        self.code = code
        self.title = title
        self.detail = detail
        self.fix = fix


async def resolve(target: Target, allow: Callable[[Address], bool] | None) -> tuple[Address, ...]:
    """Look the host up once; every address that it has must be allowed.

    One refused address among good ones refuses the host: a name that answers with both is how a check is
    passed with one address and the connection made with the other. Raises EgressRefused.
    """
    if target.addresses:
        return target.addresses
    addresses = await _look_up(target)
    refused = [address for address in addresses if allow is not None and not allow(address)]
    if refused:
        raise address_refused(target)
    return addresses


def address_refused(target: Target) -> EgressRefused:
    """One sentence for whatever we do not connect to: it must not tell what stands there."""
    if target.tunnel:
        return EgressRefused(
            "address_refused",
            "The SSH server's address is not allowed here.",
            detail=f"{target.tunnel.host} stands at an address that this installation does not connect to.",
            fix="Use the SSH server's public address, or ask the operator to allow its network.",
        )
    return EgressRefused(
        "address_refused",
        "The database's address is not allowed here.",
        detail=f"{target.host} stands at an address that this installation does not connect to.",
        fix="Use the database's public address, or ask the operator to allow its network.",
    )


async def _look_up(target: Target) -> tuple[Address, ...]:
    loop = asyncio.get_running_loop()
    host, port = target.door
    try:
        async with asyncio.timeout(RESOLVE_SECONDS):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError, TimeoutError) as error:
        reason = "the name server did not answer" if isinstance(error, TimeoutError) else str(error)
        if target.tunnel:
            raise EgressRefused(
                "unknown_host",
                "The SSH server's host name has no address.",
                detail=f"{host}: {reason}",
                fix="Check the name of the SSH server, and that the worker's network knows it.",
            ) from None
        raise EgressRefused(
            "unknown_host",
            "The database's host name has no address.",
            detail=f"{host}: {reason}",
            fix="Check the host in the database's settings, and that the worker's network knows the name.",
        ) from None
    # A link-local answer carries its interface after "%"; the interface is no part of the address.
    texts = dict.fromkeys(str(entry[4][0]).partition("%")[0] for entry in found)
    return tuple(ipaddress.ip_address(text) for text in texts)
