"""Which addresses may be reached for a tenant: those of the public internet, and those that the operator listed.

A host name is the tenant's choice, and so is what its DNS answers. Every answer is judged, and the one that was judged
is connected to, so a name cannot change its mind in between.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_network

from stillroom_core.settings import Settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_COMPATIBLE = IPv6Network("::/96")
# Public by the registry of special addresses, yet nothing a git server stands on.
_NEVER = (
    IPv4Network("192.0.0.0/24"),
    IPv4Network("192.88.99.0/24"),
    IPv4Network("198.18.0.0/15"),
    IPv6Network("fec0::/10"),
    IPv6Network("100::/64"),
    IPv6Network("2001:db8::/32"),
)


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Ask the system's resolver, within ten seconds."""
    loop = asyncio.get_running_loop()
    async with asyncio.timeout(10):
        answers = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(answer[4][0]) for answer in answers]


def operator_networks(settings: Settings) -> tuple[Network, ...]:
    """The private networks that the operator opened."""
    return tuple(ip_network(text, strict=False) for text in settings.networks)


def is_public(address: Address) -> bool:
    """Tell whether an address, and every address hidden inside it, belongs to the public internet.

    Python's `is_global` alone lets 64:ff9b::a9fe:a9fe (NAT64 of the cloud's metadata service) and
    2002:7f00:1:: (6to4 of loopback) pass, so embedded IPv4 addresses are taken out and judged too.
    """
    if isinstance(address, IPv6Address):
        inner = embedded(address)
        if inner is not None:
            return is_public(inner)
    if any(address in network for network in _NEVER if network.version == address.version):
        return False
    return address.is_global and not (address.is_multicast or address.is_reserved or address.is_unspecified)


def embedded(address: IPv6Address) -> IPv4Address | None:
    """Take out the IPv4 address that an IPv6 address carries (mapped, 6to4, Teredo, NAT64, ::/96)."""
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    low = IPv4Address(int(address) & 0xFFFFFFFF)
    if any(address in network for network in _NAT64) or address in _COMPATIBLE:
        return low
    return None
