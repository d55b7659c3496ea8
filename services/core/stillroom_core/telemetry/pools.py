"""How many connections to our own PostgreSQL a process holds."""

from typing import Any

from stillroom_core.database import Database
from stillroom_core.telemetry import metrics


def tell_pool(database: Database) -> None:
    """Shows the pool of this database from now on; asked at every look."""
    pool: Any = database.engine.pool
    metrics.POOL.labels("busy").set_function(lambda: float(pool.checkedout()))
    metrics.POOL.labels("idle").set_function(lambda: float(pool.checkedin()))
