"""The audit log: verified here, without trusting the server, or taken away."""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from stillroom_cli.client.audit_chain import follow
from stillroom_cli.client.connection import Client
from stillroom_cli.client.failures import Exit, Misused
from stillroom_cli.client.running import open_client, print_json
from stillroom_cli.client.terminal import Style, Terminal

_REASONS = {
    "changed": "it was changed after it was written",
    "missing": "it is missing",
    "unlinked": "it does not follow from the one before: one of the two was changed or put in",
}


def remembered(text: str) -> tuple[int, str]:
    """NUMBER:HASH, as `stillroom audit verify` prints it."""
    found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", text.strip().lower())
    if found is None:
        raise argparse.ArgumentTypeError("a number, a colon and 64 hexadecimal digits are needed")
    return int(found[1]), found[2]


def audit(arguments: argparse.Namespace) -> int:
    """Verifies the chain, or prints what the server exports."""
    with open_client(arguments) as client:
        path = f"/api/orgs/{quote(_organization(client, arguments.org), safe='')}/audit/export"
        if arguments.act == "export":
            for text in client.download(f"{path}?form={'csv' if arguments.csv else 'jsonl'}"):
                sys.stdout.write(text)
            return Exit.DONE
        found = follow(_entries(client.download(f"{path}?form=jsonl")), remembered=arguments.since)
    if arguments.json:
        told = {"holds": found.broken_at is None, "entries": found.entries, "head": found.head}
        print_json({**told, "broken_at": found.broken_at, "reason": found.reason or None})
    elif found.broken_at is not None:
        terminal = Terminal(sys.stderr)
        terminal.line((f"Entry {found.broken_at} of the audit log does not hold", Style.BAD))
        terminal.line(f"{_REASONS[found.reason]}; the {found.entries} before it do")
    else:
        terminal = Terminal(sys.stdout)
        terminal.line((f"{found.entries} entries, and nothing was changed, removed or put in.", Style.GOOD))
        terminal.line(f"{found.entries}:{found.head}")
    return Exit.DONE if found.broken_at is None else Exit.JOB_FAILED


def _organization(client: Client, given: str | None) -> str:
    if given:
        return given
    own = [str(one["slug"]) for one in client.get("/api/me")["organizations"]]
    if len(own) != 1:
        raise Misused("Which organization is meant?", detail=", ".join(own), fix="Give it with --org.")
    return own[0]


def _entries(chunks: Iterable[str]) -> Iterator[dict[str, Any]]:
    """One entry a line; a chunk may end anywhere."""
    rest = ""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split("\n")
        yield from (json.loads(line) for line in lines if line)
    if rest:
        yield json.loads(rest)
