"""The host keys of an SSH server that somebody wants to reach a database through."""

from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any

from stillroom_worker.addresses import allowed_addresses
from stillroom_worker.egress.host_keys import ask_host_keys
from stillroom_worker.egress.target import ssh_server_alone
from stillroom_worker.reader.asked import Line
from stillroom_worker.room import Room


async def host_keys(room: Room, content: dict[str, Any]) -> AsyncIterator[Line]:
    """Asks the server itself; by the same policy of addresses as the tunnel that may lead there later."""
    server = ssh_server_alone(content["host"], content["port"])
    found = await ask_host_keys(server, await allowed_addresses(room.settings, server))
    yield {"keys": [asdict(key) for key in found]}
