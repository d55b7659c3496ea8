"""Plans: what a move would run, kept so that exactly it can be run."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from stillroom_cli.client.failures import Exit
from stillroom_cli.client.findings import findings_of, has_danger, write_findings, write_sum
from stillroom_cli.client.running import environment_of, open_client, print_json, project_of
from stillroom_cli.client.terminal import Style, Terminal

KINDS = ("upgrade", "downgrade", "stamp")
_SIGNS = {"upgrade": "↑", "downgrade": "↓", "stamp": "="}


def plan(arguments: argparse.Namespace) -> int:
    """Makes a plan and prints its steps, with what in them may hurt."""
    body: dict[str, Any] = {
        "project": project_of(arguments),
        "environment": environment_of(arguments),
        "database": arguments.database,
        "kind": arguments.kind,
        "revision": arguments.revision,
        "commit": arguments.commit,
    }
    with open_client(arguments) as client:
        made = client.post("/api/migrations/plan", body, repeatable=True)
        told = findings_of(client, made["id"], needed=arguments.check)
    if arguments.json:
        print_json({**made, "findings": told})
    else:
        _write(Terminal(sys.stdout), made, told)
    return Exit.JOB_FAILED if arguments.check and told and has_danger(told) else Exit.DONE


def _write(terminal: Terminal, made: dict[str, Any], told: dict[str, Any] | None) -> None:
    where = f"{made['environment']['slug']}/{made['database']['name']}"
    leads = f" to {_at(made['heads_after'])}" if made["heads_after"] is not None else ""
    terminal.line((where, Style.STRONG), f" from {_at(made['heads'])}{leads}, commit {made['commit'][:10]}")
    if made["chosen"]:
        terminal.line(
            "with the code of that commit, because it was named: ", (made["chosen"]["subject"], Style.CAREFUL)
        )
    if made["bootstrap"]:
        terminal.line("first, the database being empty: ", (" ".join(made["bootstrap"]), Style.CAREFUL))
    if made["steps"] is None:
        by = " ".join(made["command"]) if made["command"] else "Alembic, when it runs"
        terminal.line("which revisions run is decided by ", (by, Style.CAREFUL))
    judged = {(step["direction"], step["revision"]): step["findings"] for step in told["steps"]} if told else {}
    for number, step in enumerate(made["steps"] or (), 1):
        sign = _SIGNS[step["direction"]]
        terminal.line(f"{number:>4} {sign} ", (step["revision"][:12], Style.STRONG), f"  {step['message']}")
        write_findings(terminal, judged.get((step["direction"], step["revision"]), []))
    if told:
        write_sum(terminal, told)
    if made["nothing"]:
        terminal.line(made["nothing"]["title"])
        return
    why = ' --reason "…"' if made["kind"] == "stamp" else ""
    terminal.line((f"Run exactly this: stillroom {made['kind']} --plan {made['id']}{why} --wait", Style.FAINT))


def _at(heads: list[str]) -> str:
    return ", ".join(head[:12] for head in heads) or "base"
