"""doctor and staff: programs of the service, run with its settings.

Those are the variables of this process, or, in a checkout whose stack was started by `stillroom up`, the stack's.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import subprocess
import sys
from dataclasses import replace


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds doctor and staff."""
    purpose = "try everything that the installation depends on; says cause and fix, prints no secret"
    doctor = subparsers.add_parser("doctor", help=purpose, description=purpose)
    doctor.add_argument("--json", action="store_true", help="print JSON")
    doctor.epilog = (
        "Run it where the settings are: in a worker's container, or beside `stillroom up`. "
        "Exit code 1: something is wrong."
    )
    doctor.set_defaults(run=_doctor)
    purpose = "say who runs the installation, and may see how it stands; nobody can do that from the pages"
    staff = subparsers.add_parser("staff", help=purpose, description=purpose)
    staff.add_argument("act", choices=("list", "add", "remove"), help="what to do")
    staff.add_argument("email", nargs="?", metavar="EMAIL", help="with add and remove: who")
    staff.epilog = "Run it where the settings are, as `stillroom doctor`."
    staff.set_defaults(run=_staff)


def _doctor(arguments: argparse.Namespace) -> int:
    return _run("stillroom_worker.doctor", *(["--json"] if arguments.json else []))


def _staff(arguments: argparse.Namespace) -> int:
    if (arguments.act == "list") == bool(arguments.email):
        print("stillroom: staff list, staff add EMAIL, or staff remove EMAIL", file=sys.stderr)
        return 2
    return _run("stillroom_core.staff", arguments.act, *([arguments.email] if arguments.email else []))


def _run(module: str, *words: str) -> int:
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        print("stillroom: this needs the service beside the command: run it in a worker's container", file=sys.stderr)
        return 1
    return subprocess.run([sys.executable, "-m", module, *words], check=False, env=_environment()).returncode


def _environment() -> dict[str, str]:
    own = dict(os.environ)
    if own.get("STILLROOM_SECRETS_DIR") or own.get("STILLROOM_SECRET_KEY"):
        return own
    return _of_the_stack() or own


def _of_the_stack() -> dict[str, str] | None:
    """What `stillroom up` gives its programs, where it was started from here."""
    try:
        from stillroom_cli.embedded.processes import CannotStart
        from stillroom_cli.stack.layout import find_layout
        from stillroom_cli.stack.prepare import settled_urls
        from stillroom_cli.stack.services import child_environment
        from stillroom_cli.stack.settings import load_settings, usual_reader_port
    except ModuleNotFoundError:
        return None
    try:
        layout = find_layout()
        if not layout.settings.exists():
            return None
        settings = load_settings(layout.settings)
        settings = replace(settings, reader_port=usual_reader_port(settings.port))  # not the next free one: it is taken
    except CannotStart:
        return None
    database_url, redis_url = settled_urls(settings)
    return child_environment(layout, settings, database_url=database_url, redis_url=redis_url, web_dir=None)
