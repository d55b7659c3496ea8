"""`python -m stillroom_worker.doctor [--json]`: exit code 1 when something is wrong. Prints no secret."""

import asyncio
import json
import logging
import sys
from dataclasses import asdict

import structlog

import stillroom_core.models  # noqa: F401 - registers every table
from stillroom_core.logs import hide_our_own
from stillroom_core.masking import masked_for_logs
from stillroom_core.settings import Settings
from stillroom_worker.doctor.finding import Finding, State
from stillroom_worker.doctor.host import look_at_disk, look_at_sandbox, look_at_settings, look_at_tools
from stillroom_worker.doctor.neighbours import look_at_mail, look_at_reader
from stillroom_worker.doctor.servers import look_at_broker, look_at_database, look_at_replica

_MARKS = {State.OK: "ok     ", State.WARNING: "warning", State.WRONG: "WRONG  "}


def main(arguments: list[str]) -> int:
    """Looks at everything, prints it, and gives the exit code."""
    # Only what was found is printed; whoever was asked may log, and an outage is no news here.
    logging.disable(logging.CRITICAL)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory(), cache_logger_on_first_use=False)
    settings, found = look_at_settings()
    if settings is not None:
        hide_our_own(settings)
        found += asyncio.run(_look(settings))
    _print(found, as_json="--json" in arguments)
    return int(any(finding.state is State.WRONG for finding in found))


async def _look(settings: Settings) -> list[Finding]:
    parts = await asyncio.gather(
        look_at_database(settings),
        look_at_replica(settings),
        look_at_broker(settings),
        look_at_mail(settings),
        look_at_reader(settings),
    )
    here = [*look_at_disk(settings), *look_at_tools(), *await look_at_sandbox(settings)]
    return [finding for part in parts for finding in part] + here


def _print(found: list[Finding], *, as_json: bool) -> None:
    lines = masked_for_logs([asdict(finding) for finding in found])
    if as_json:
        sys.stdout.write(json.dumps(lines, indent=2) + "\n")
        return
    for line in lines:
        sys.stdout.write(f"{_MARKS[State(line['state'])]}  {line['what']:<24}{line['found']}\n")
        if line["fix"]:
            sys.stdout.write(f"{'':33}{line['fix']}\n")
    counts = {state: sum(finding.state is state for finding in found) for state in State}
    sys.stdout.write(f"\n{counts[State.WRONG]} wrong, {counts[State.WARNING]} warnings, {counts[State.OK]} ok\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
