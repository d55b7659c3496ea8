"""Asking an SSH server for its host keys, for whoever is about to name it as a way to databases."""

from starlette.responses import Response

from stillroom_api.context import Context
from stillroom_api.environments.schemas import HostKeys, HostKeysAsk
from stillroom_api.reader import Asked, as_json
from stillroom_core.actors.actor import Actor
from stillroom_core.environments.tunnel import check_tunnel_place


async def host_keys(context: Context, actor: Actor, asked: HostKeysAsk) -> Response:
    """The reader asks; raises Invalid for a host that no tunnel may have either."""
    place = asked.model_dump()
    await check_tunnel_place(place)
    return as_json(Asked.elsewhere(context.reader, actor.organization_id, "host-keys", place), HostKeys)
