"""Somebody who watches a job from outside, reconnects at every break, and remembers all that was shown."""

from __future__ import annotations

import json
import threading
import time
from contextlib import suppress
from typing import Any

import httpx


class Watcher(threading.Thread):
    """Follows server-sent events as a browser does: after each break it asks for what comes after the last number."""

    def __init__(self, url: str, headers: dict[str, str], job: str) -> None:
        super().__init__(daemon=True)
        self._address = f"{url}/api/jobs/{job}/events"
        self._headers = {**headers, "Accept": "text/event-stream"}
        self.shown: list[dict[str, Any]] = []
        self.ended = threading.Event()
        self._stop = threading.Event()

    def run(self) -> None:
        with httpx.Client(trust_env=False, timeout=httpx.Timeout(5, read=20)) as client:
            while not self.ended.is_set() and not self._stop.is_set():
                with suppress(httpx.HTTPError):  # the api is away: exactly what this watcher is for
                    self._follow(client)
                time.sleep(0.1)

    def stop(self) -> None:
        """Gives up; the thread ends with its next break."""
        self._stop.set()

    def _follow(self, client: httpx.Client) -> None:
        last = self.shown[-1]["seq"] if self.shown else 0
        headers = {**self._headers, "Last-Event-ID": str(last)}
        with client.stream("GET", self._address, headers=headers) as answer:
            answer.raise_for_status()
            kind = ""
            for line in answer.iter_lines():
                name, _, value = line.partition(": ")
                if name == "event":
                    kind = value
                elif name == "data" and kind == "end":
                    self.ended.set()
                    return
                elif name == "data":
                    self.shown.append(json.loads(value))
