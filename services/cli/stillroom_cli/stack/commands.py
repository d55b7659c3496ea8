"""The stack's commands. What they need beyond the standard library is imported when one of them runs:
the command line is installable alone, for CI, without the embedded servers."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import import_module


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds up, down, status, reset, demo and dev."""
    up = _add(subparsers, "up", "start the whole service on this machine", "up", "up")
    up.add_argument("--background", action="store_true", help="return when it is ready and leave it running")
    _add(subparsers, "down", "stop what `up` started, from another terminal", "down", "down")
    _add(subparsers, "status", "say what runs", "down", "status")
    reset = _add(subparsers, "reset", "stop, and forget every database and setting", "down", "reset")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    _add(subparsers, "demo", "start in the background and upgrade staging of the sample", "demo", "demo")
    _add(subparsers, "dev", "like `up`, with hot reload; web on 3000, api on 8000", "dev", "dev")


def _add(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    purpose: str,
    module: str,
    function: str,
) -> argparse.ArgumentParser:
    def run(arguments: argparse.Namespace) -> int:
        from stillroom_cli.embedded import CannotStart

        try:
            loaded = import_module(f"stillroom_cli.stack.{module}")
            command: Callable[[argparse.Namespace], int] = getattr(loaded, function)
            return command(arguments)
        except CannotStart as failure:
            print(f"stillroom: {failure}", file=sys.stderr)
            return 1
        except ModuleNotFoundError as missing:
            print(
                f"stillroom: {name} needs {missing.name}: pip install 'stillroom-cli[embedded]', "
                "or run it from a checkout with `make`",
                file=sys.stderr,
            )
            return 1

    parser = subparsers.add_parser(name, help=purpose, description=purpose)
    parser.set_defaults(run=run)
    return parser
