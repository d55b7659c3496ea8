"""Requests for approval: what waits, and one's own word about it."""

from __future__ import annotations

import argparse
import sys
from typing import Any
from uuid import UUID

from stillroom_cli.client.connection import Client
from stillroom_cli.client.failures import Exit, Failure, Misused
from stillroom_cli.client.running import open_client, print_json
from stillroom_cli.client.table import write_table
from stillroom_cli.client.terminal import Piece, Style, Terminal
from stillroom_cli.client.times import ago, parsed

_PAGE = 200
_STYLES = {"started": Style.GOOD, "rejected": Style.BAD, "void": Style.BAD, "open": Style.CAREFUL}


def approvals(arguments: argparse.Namespace) -> int:
    """Lists requests."""
    with open_client(arguments) as client:
        path = f"/api/orgs/{_organization(client, arguments.org)}/approvals"
        found: list[dict[str, Any]] = []
        cursor = None
        while len(found) < arguments.limit:
            page = client.get(path, show=arguments.show or "waiting", cursor=cursor, limit=min(_PAGE, arguments.limit))
            found += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
    found = found[: arguments.limit]
    if arguments.json:
        print_json(found)
        return Exit.DONE
    terminal = Terminal(sys.stdout)
    if not found:
        terminal.line("Nothing waits for you." if arguments.show is None else "No requests.")
        return Exit.DONE
    write_table(terminal, ("state", "what", "where", "by", "asked", "approved", "id"), [_row(one) for one in found])
    return Exit.DONE


def approve(arguments: argparse.Namespace) -> int:
    """Approves."""
    return _decide(arguments, "approve", {"comment": arguments.comment or ""})


def reject(arguments: argparse.Namespace) -> int:
    """Rejects."""
    return _decide(arguments, "reject", {"comment": arguments.comment})


def withdraw(arguments: argparse.Namespace) -> int:
    """Takes a request back."""
    return _decide(arguments, "withdraw", None)


def _decide(arguments: argparse.Namespace, act: str, body: dict[str, Any] | None) -> int:
    with open_client(arguments) as client:
        request = client.post(f"/api/approvals/{_key(arguments.request)}/{act}", body)
    if arguments.json:
        print_json(request)
        return Exit.DONE
    terminal = Terminal(sys.stdout)
    if request["job"] is not None:
        terminal.line(("Approved", Style.GOOD), f": it became job {request['job']['number']}.")
        terminal.line((f"Watch it: stillroom logs -f {request['job']['id']}", Style.FAINT))
    elif request["state"] == "open":
        terminal.line(f"{_given(request)} of {request['needed']} approved.")
    elif request["state"] == "approved":
        opens = f" when changes are taken again: {request['opens_at']}" if request["opens_at"] else ""
        terminal.line(("Approved", Style.GOOD), f": it starts by itself{opens}.")
    else:
        terminal.line(f"The request is {request['state']}.")
    return Exit.DONE


def _organization(client: Client, given: str | None) -> str:
    """The organization that is meant."""
    if given:
        return given
    mine = [one["slug"] for one in client.get("/api/me")["organizations"]]
    if len(mine) == 1:
        return str(mine[0])
    if not mine:
        raise Failure("You belong to no organization.", fix="Ask an administrator of one to invite you.")
    raise Misused("Which organization is meant?", detail=", ".join(mine), fix="Give --org.")


def _key(given: str) -> str:
    """The id of a request, also out of the link to it."""
    try:
        return str(UUID(given.rstrip("/").rpartition("/")[2]))
    except ValueError:
        raise Misused(f"{given} is neither the id of a request nor a link to one.") from None


def _given(request: dict[str, Any]) -> int:
    return sum(1 for one in request["decisions"] if one["verdict"] == "approve" and one["counts"])


def _row(request: dict[str, Any]) -> tuple[Piece, ...]:
    return (
        (request["state"], _STYLES.get(request["state"], Style.RUNNING)),
        f"{request['kind']} {request['revision'] or ''}".strip(),
        f"{request['project']['slug']}/{request['environment']['slug']}/{request['database']['name']}",
        request["actor"]["name"],
        ago(parsed(request["asked_at"])),
        f"{_given(request)}/{request['needed']}",
        (request["id"], Style.FAINT),
    )
