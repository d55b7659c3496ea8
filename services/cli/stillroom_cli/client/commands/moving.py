"""Starting jobs: upgrade, downgrade, stamp, check."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from stillroom_cli.client.failures import Exit
from stillroom_cli.client.running import environment_of, open_client, print_json, project_of
from stillroom_cli.client.terminal import Style, Terminal
from stillroom_cli.client.watching import exit_of, watch


def _start(kind: str, arguments: argparse.Namespace) -> int:
    body: dict[str, Any] = {
        "project": project_of(arguments),
        "environment": environment_of(arguments),
        "idempotency_key": arguments.idempotency_key or str(uuid4()),
    }
    if arguments.database:
        body["database"] = arguments.database
    if kind != "check":
        body["revision"] = arguments.revision
    with open_client(arguments) as client:
        # The key makes a second sending harmless, so a lost answer need not be a lost job.
        job = client.post(f"/api/migrations/{kind}", body, repeatable=True)
        if not arguments.wait:
            _tell_started(job, as_json=arguments.json)
            return Exit.DONE
        try:
            job = watch(client, job["id"], sys.stderr if arguments.json else sys.stdout)
        except KeyboardInterrupt:
            Terminal(sys.stderr).line(
                f"Job {job['number']} goes on. Watch it: stillroom logs -f {job['id']}  "
                f"Stop it: stillroom cancel {job['id']}"
            )
            raise
    if arguments.json:
        print_json(job)
    return exit_of(job)


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
