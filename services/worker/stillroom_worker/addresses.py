"""Which addresses a target database may have, by the operator's settings."""

from collections.abc import Callable

from stillroom_core.outbound.addresses import is_public, operator_networks
from stillroom_core.settings import Settings
from stillroom_worker.egress import Address


def allowed_addresses(settings: Settings) -> Callable[[Address], bool]:
    """Public addresses, and those in the operator's networks."""
    networks = operator_networks(settings)

    def allow(address: Address) -> bool:
        listed = any(address in network for network in networks if network.version == address.version)
        return listed or is_public(address)

    return allow
