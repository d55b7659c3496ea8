"""Which addresses a target database may have, by the operator's settings."""

from collections.abc import Callable

from stillroom_core.databases.own_servers import OwnServers
from stillroom_core.outbound.addresses import Address, is_public, operator_networks
from stillroom_core.settings import Settings
from stillroom_worker.egress import Target


async def allowed_addresses(settings: Settings, target: Target) -> Callable[[Address], bool]:
    """Public addresses, and those in the operator's networks, where none of our own servers stands."""
    networks = operator_networks(settings)
    ours = await OwnServers.of(settings)

    def allow(address: Address) -> bool:
        if ours.hold_address(address, target.door[1], target.database):
            return False
        listed = any(address in network for network in networks if network.version == address.version)
        return listed or is_public(address)

    return allow
