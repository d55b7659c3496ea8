"""Which addresses a fetch may connect to: resolve once, judge every answer, pin one.

A host name is the tenant's choice, and so is what its DNS answers. Unless the operator lists a network,
only addresses of the public internet on the usual ports are reached; the answer that was judged is the one
that is connected to, so a name cannot change its mind in between.
"""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address

from stillroom_core.outbound.addresses import Network, Resolver, is_public, resolve_by_system
from stillroom_core.projects.git_address import GitUrl
from stillroom_worker.checkout.failure import CheckoutFailed

_USUAL_PORTS = {"https": {443}, "ssh": {22, 443}}


async def pin(location: GitUrl, allowed: Sequence[Network], resolve: Resolver = resolve_by_system) -> str:
    """Choose the one address to connect to.

    `allowed` are the operator's networks: inside them any address and any port goes.
    Raises CheckoutFailed(address_refused) with one uniform sentence: it must not tell a tenant what the
    operator's DNS answered; CheckoutFailed(not_found_or_private) when the name has no answer.
    """
    try:
        texts = await resolve(location.host, location.port)
    except (OSError, TimeoutError, UnicodeError):
        texts = ()
    if not texts:
        raise CheckoutFailed(
            "not_found_or_private",
            "The host is not known",
            f"Could not resolve host: {location.host}",
            "Check the spelling of the address.",
        )
    addresses = [ip_address(text.partition("%")[0]) for text in texts]
    usual_port = location.port in _USUAL_PORTS[location.scheme]
    for address in addresses:
        listed = any(address in network for network in allowed if network.version == address.version)
        if not listed and not (usual_port and is_public(address)):
            raise CheckoutFailed(
                "address_refused",
                "The worker does not connect to that address",
                f"{location.host}:{location.port} is not a public git server on its usual port.",
                "For a git server inside a private network the operator lists that network in the settings.",
            )
    first = next((a for a in addresses if a.version == 4), addresses[0])
    return str(first)
