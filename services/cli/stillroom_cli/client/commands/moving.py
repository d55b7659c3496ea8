"""Starting jobs: upgrade, downgrade, stamp, check."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from typing import Any
from urllib.parse import quote
from uuid import uuid4

from stillroom_cli.client.approving import approved
from stillroom_cli.client.connection import Client
from stillroom_cli.client.failures import Exit, Failure, Misused, Refused
from stillroom_cli.client.reports import Reports
from stillroom_cli.client.running import environment_of, open_client, print_json, project_of
from stillroom_cli.client.terminal import Style, Terminal
from stillroom_cli.client.watching import exit_of, watch


def _start(kind: str, arguments: argparse.Namespace) -> int:
    reports = Reports(arguments.junit, arguments.summary)
    if (arguments.junit or arguments.summary) and not arguments.wait:
        raise Misused("A report tells how a job ended.", fix="Give --wait with --junit and --summary.")
    try:
        job, page = _run(kind, arguments)
    except Failure as failure:
        reports.write_failure(f"{kind} to {arguments.revision}" if kind != "check" else kind, failure)
        raise
    if not arguments.wait:
        _tell_started(job, as_json=arguments.json)
        return Exit.DONE
    if arguments.json:
        print_json(job)
    reports.write(job, page)
    return exit_of(job)


def _run(kind: str, arguments: argparse.Namespace) -> tuple[dict[str, Any], str]:
    """The job, ended if it was to be waited for, and the address of its page."""
    with open_client(arguments) as client:
        _check_reason(kind, arguments)
        body = {**_move(client, kind, arguments), "idempotency_key": arguments.idempotency_key or str(uuid4())}
        # The key makes a second sending harmless, so a lost answer need not be a lost job.
        try:
            job = client.post(f"/api/migrations/{kind}", body, repeatable=True)
        except Refused as refusal:
            job = approved(
                client, refusal, patience=getattr(arguments, "approval_timeout", None), as_json=arguments.json
            )
        page = f"{client.url}/{job['organization']['slug']}/projects/{job['project']['slug']}/jobs/{job['id']}"
        if not arguments.wait:
            return job, page
        try:
            job = watch(client, job["id"], sys.stderr if arguments.json else sys.stdout)
        except KeyboardInterrupt:
            Terminal(sys.stderr).line(
                f"Job {job['number']} goes on. Watch it: stillroom logs -f {job['id']}  "
                f"Stop it: stillroom cancel {job['id']}"
            )
            raise
    return job, page


def _move(client: Client, kind: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """What is asked for, with what is said about it."""
    override = getattr(arguments, "override", None)
    return {
        **_place(client, kind, arguments),
        **_reason(kind, arguments),
        **({"override": override} if override else {}),
    }


def _place(client: Client, kind: str, arguments: argparse.Namespace) -> dict[str, Any]:
    """A revision in an environment, or what a plan says."""
    if kind != "check" and arguments.plan:
        made = client.get(f"/api/plans/{quote(arguments.plan, safe='')}")
        places = {"project": made["project"]["id"], "environment": made["environment"]["id"]}
        given = {"database": arguments.database or made["database"]["id"], "revision": arguments.revision}
        return {**places, **given, "plan": made["id"]}
    move: dict[str, Any] = {"project": project_of(arguments), "environment": environment_of(arguments)}
    if arguments.database:
        move["database"] = arguments.database
    if kind != "check":
        if not arguments.revision:
            raise Misused("Which revision is meant?", fix="Give REV, or a plan with --plan.")
        move["revision"] = arguments.revision
    return move


def _check_reason(kind: str, arguments: argparse.Namespace) -> None:
    if kind == "stamp" and not _reason(kind, arguments):
        raise Misused("Why does the database stand there?", fix="Say it with --reason; it is kept with the job.")


def _reason(kind: str, arguments: argparse.Namespace) -> dict[str, Any]:
    given = arguments.reason or os.environ.get("STILLROOM_REASON", "") if kind != "check" else ""
    return {"reason": given.strip()} if given.strip() else {}


def _tell_started(job: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(job)
        return
    terminal = Terminal(sys.stdout)
    terminal.line((f"Job {job['number']}", Style.STRONG), f" is {job['state']}: {job['id']}")
    terminal.line((f"Watch it: stillroom logs -f {job['id']}", Style.FAINT))


def _starts(kind: str) -> Callable[[argparse.Namespace], int]:
    def run(arguments: argparse.Namespace) -> int:
        return _start(kind, arguments)

    return run


COMMANDS = {kind: _starts(kind) for kind in ("upgrade", "downgrade", "stamp", "check")}
