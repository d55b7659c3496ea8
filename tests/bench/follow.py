"""A client of one job's WebSocket that notes when each thing arrives."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

from websockets.sync.client import connect

from bench.stack import Stack


@dataclass
class Seen:
    """What arrived, and when (Unix seconds)."""

    events: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    job: dict[str, Any] = field(default_factory=dict)
    ended: float = 0.0


def follow(stack: Stack, job: str) -> Seen:
    """Follows a job to its end."""
    seen = Seen()
    address = f"{stack.url.replace('http', 'ws', 1)}/api/live"
    headers = {"Authorization": f"Bearer {stack.token}"}
    with connect(address, additional_headers=headers, max_size=None, proxy=None) as socket:
        socket.send(json.dumps({"subscribe": f"job:{job}"}))
        for text in socket:
            at = time.time()
            message = json.loads(text)
            if message["type"] == "events":
                seen.events.extend((at, event) for event in message["items"])
            elif message["type"] == "job":
                seen.job = message["job"]
            elif message["type"] == "end":
                seen.ended = at
                break
    assert seen.job.get("state") == "succeeded", seen.job
    return seen


def upgrade(stack: Stack, slug: str) -> tuple[Seen, float]:
    """POST upgrade → finished, as a client sees it; gives the seconds."""
    began = time.time()
    move = {"project": slug, "environment": "dev", "revision": "head"}
    seen = follow(stack, stack.post("/api/migrations/upgrade", move)["id"])
    return seen, seen.ended - began
