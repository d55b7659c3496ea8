"""The SSH server of a project to be: a key made before it is tried, tried with the database, handed to the project.

The pair is made on its own, before any test: its public half must be on the server when the test comes.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import func

from stillroom_core.environments.host_keys import read_host_keys
from stillroom_core.environments.tunnel import check_tunnel_place, key_pair
from stillroom_core.errors import Invalid
from stillroom_core.sealing import Address, seal, unseal
from stillroom_core.setups.models import Setup

_PLACE = ("host", "port", "user")


def make_tunnel_key(setup: Setup) -> None:
    """Makes a pair, in the place of whatever key was there; what was found out with that one does not count."""
    _keep_key(setup, None)
    setup.server = None
    setup.test_state = "idle"
    setup.test_error = None
    # A test that is under way with the former key is not told any more.
    setup.test_requested_at = func.clock_timestamp()


async def take_tunnel(setup: Setup, given: Mapping[str, Any] | None) -> None:
    """Keeps {host, port, user, host_key, private_key} for the test; None: the database is reached directly.

    A key that was made or sent before is kept for who changes their mind. Raises Invalid where there is none, and for
    a host, a host key or a key that cannot be used.
    """
    if given is None:
        setup.tunnel = None
        return
    await check_tunnel_place(given)
    host_key = read_host_keys(given["host_key"])
    if text := given.get("private_key"):
        _keep_key(setup, text)
    elif setup.tunnel_key_sealed is None:
        raise Invalid(
            "tunnel_without_key",
            "There is no key yet to sign in to the SSH server with.",
            fix="Let Stillroom make one and add its public half to authorized_keys there, or paste a private key.",
            fields={"tunnel.private_key": "needs a key"},
        )
    setup.tunnel = {**{name: given[name] for name in _PLACE}, "host_key": host_key}


def tunnel_for_project(setup: Setup, given: Mapping[str, Any] | None, *, tested: bool) -> dict[str, Any] | None:
    """What the project's environment gets: as it was tested with the database, else as given; with the setup's key."""
    tunnel = setup.tunnel if tested and setup.tunnel else given
    if tunnel is None:
        return None
    return {**tunnel, "private_key": tunnel.get("private_key") or tunnel_key_of_setup(setup) or None}


def tunnel_key_of_setup(setup: Setup) -> str:
    """The key in clear, for the worker and for the project to be; never for the API's answers."""
    sealed = setup.tunnel_key_sealed
    return unseal(setup_tunnel_address(setup), sealed) if sealed else ""


def setup_tunnel_address(setup: Setup) -> Address:
    """What the sealed key is bound to."""
    return Address(setup.organization_id, setup.id, "setup_tunnel_key")


def _keep_key(setup: Setup, text: str | None) -> None:
    plain, public = key_pair(text)
    setup.tunnel_key_sealed = seal(setup_tunnel_address(setup), plain)
    setup.tunnel_public_key = public
