"""Waiting until a database is where a program needs it: for init containers and release scripts."""

from __future__ import annotations

import argparse
import os
import random
import sys
import time
from typing import Any

from stillroom_cli.client.connection import Client
from stillroom_cli.client.failures import Exit, Refused, Unreachable
from stillroom_cli.client.running import environment_of, open_client, print_json, project_of
from stillroom_cli.client.terminal import Style, Terminal

# Without --wait the answer may still take a reading of the database.
_READING_SECONDS = 30
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 5.0


def gate(arguments: argparse.Namespace) -> int:
    """Asks until the gate is open, or until there is nothing to wait for."""
    with open_client(arguments) as client:
        found = _until_open(client, arguments)
    if arguments.json:
        print_json(found)
    else:
        _tell(Terminal(sys.stdout if found["open"] else sys.stderr), found)
    return Exit.DONE if found["open"] else Exit.JOB_FAILED


def _until_open(client: Client, arguments: argparse.Namespace) -> dict[str, Any]:
    question = {
        "project": project_of(arguments),
        "environment": environment_of(arguments),
        "database": arguments.database,
        "revision": arguments.revision,
        "commit": arguments.commit or os.environ.get("STILLROOM_COMMIT") or None,
        "exact": "true" if arguments.exact else None,
        "max_age_s": arguments.max_age,
    }
    deadline = time.monotonic() + (arguments.timeout if arguments.wait else _READING_SECONDS)
    aside, told, pause = Terminal(sys.stderr), "", _FIRST_PAUSE
    while True:
        left = deadline - time.monotonic()
        try:
            found: dict[str, Any] = client.get("/api/migrations/gate", **question)
        except (Unreachable, Refused) as failure:
            if not arguments.wait or left <= 0 or not _may_pass(failure):
                raise
            title = failure.title
        else:
            if found["open"] or left <= 0 or not (arguments.wait or found["code"] == "reading"):
                return found
            title = found["title"]
        if title != told:
            aside.line(("waiting: ", Style.CAREFUL), title)
            told = title
        # Many containers start at once: they need not ask at once.
        time.sleep(min(pause * random.uniform(0.7, 1.3), max(left, 0)))  # noqa: S311 - no secret
        pause = min(pause * 1.5, _LONGEST_PAUSE)


def _may_pass(failure: Unreachable | Refused) -> bool:
    """Whether a server that does not answer now may answer later; what it refuses, it goes on refusing."""
    return isinstance(failure, Unreachable) or failure.status == 429 or failure.status >= 500


def _tell(terminal: Terminal, found: dict[str, Any]) -> None:
    mark, style = ("open", Style.GOOD) if found["open"] else ("closed", Style.BAD)
    terminal.line((f"{mark}: ", style), found["title"])
    place = f"{found['environment']}/{found['database']}"
    age = f", read {found['age_s']:.0f} s ago" if found["age_s"] is not None else ", never read"
    terminal.line((f"  {place}{age}", Style.FAINT))
