"""A move that others must approve first: tells so, and waits for them where that is wanted."""

from __future__ import annotations

import sys
import time
from typing import Any

from stillroom_cli.client.connection import Client
from stillroom_cli.client.failures import Exit, Failure, Refused
from stillroom_cli.client.running import print_json
from stillroom_cli.client.terminal import Style, Terminal

# People decide in minutes: nobody notices seconds, and a server with many pipelines that wait does.
_LOOK_EVERY = 5.0
_WAITS = ("open", "approved")
_ENDS = {
    "rejected": "The request was rejected.",
    "withdrawn": "The request was withdrawn.",
    "expired": "The request expired before enough people approved.",
    "void": "The request is void: what was approved is not what would run now, or who asked may not any more.",
}


class NeedsApproval(Failure):
    """Others have not approved it yet."""

    exit = Exit.NEEDS_APPROVAL


def approved(client: Client, refusal: Refused, *, patience: int | None, as_json: bool) -> dict[str, Any]:
    """The job once enough people have approved.

    Raises NeedsApproval while they have not, after `patience` minutes or at once; the refusal itself where it is
    another one; Failure where nothing comes of the request.
    """
    if refusal.code != "approval_needed" or not refusal.params.get("request"):
        raise refusal
    link = str(refusal.params.get("link", ""))
    terminal = Terminal(sys.stderr)
    path = f"/api/approvals/{refusal.params['request']}"
    deadline = time.monotonic() + (patience or 0) * 60
    if patience is not None:
        terminal.line((refusal.title, Style.CAREFUL))
        terminal.line("  ", link)
        terminal.line((f"Waits for it up to {patience} min.", Style.FAINT))
    told = None
    while True:
        request = client.get(path)
        if request["job"] is not None:
            return dict(client.get(f"/api/jobs/{request['job']['id']}"))
        if request["state"] not in _WAITS:
            raise _came_to_nothing(request)
        if patience is None or time.monotonic() > deadline:
            if as_json:
                print_json(request)
            raise NeedsApproval(refusal.title, detail=link, fix=refusal.fix)
        if (said := _said(request)) != told:
            told = said
            terminal.line((said, Style.FAINT))
        time.sleep(min(_LOOK_EVERY, max(0.0, deadline - time.monotonic()) + 0.01))


def _said(request: dict[str, Any]) -> str:
    given = [one["name"] for one in request["decisions"] if one["verdict"] == "approve" and one["counts"]]
    by = f" ({', '.join(given)})" if given else ""
    opens = f"; it starts when changes are taken again: {request['opens_at']}" if request["opens_at"] else ""
    return f"{len(given)} of {request['needed']} approved{by}{opens}"


def _came_to_nothing(request: dict[str, Any]) -> Failure:
    comments = [f"{one['name']}: {one['comment']}" for one in request["decisions"] if one["comment"]]
    sentences = (request["ended"] or {}).get("sentences", [])
    return Failure(
        _ENDS.get(request["state"], f"The request is {request['state']}."),
        detail="\n".join([*sentences, *comments]),
        fix="Ask anew once that is settled.",
    )
