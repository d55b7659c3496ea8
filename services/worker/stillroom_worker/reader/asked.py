"""One question, as its answer sees it."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from stillroom_core.databases.models import Database
from stillroom_core.environments.models import Environment
from stillroom_worker.room import Room

Line = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """Where it is asked, on which connection, with which content."""

    room: Room
    database: Database
    environment: Environment
    session: "asyncpg.Connection"
    content: dict[str, Any]
