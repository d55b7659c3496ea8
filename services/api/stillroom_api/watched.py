"""What operators see of this process while it serves: its door, its metrics, its traces."""

from collections.abc import Iterator
from contextlib import contextmanager

from stillroom_api.context import Context
from stillroom_core.health import examine
from stillroom_core.telemetry import traces
from stillroom_core.telemetry.door import Door
from stillroom_core.telemetry.pools import tell_pool


@contextmanager
def watched(context: Context) -> Iterator[None]:
    """Until the block ends."""
    traces.begin("api")
    tell_pool(context.database)
    door = Door.open(context.settings.operator_bind, "api", lambda: examine(context.settings))
    try:
        yield
    finally:
        if door is not None:
            door.close()
        traces.end()
