"""The `stillroom` command: the service on one machine, and the service from a terminal or from CI."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import version

from stillroom_cli.client import register as register_client
from stillroom_cli.host.commands import register as register_host
from stillroom_cli.stack.commands import register as register_stack


def build_parser() -> argparse.ArgumentParser:
    """Every command with its arguments; docs/cli.md is written from it."""
    parser = argparse.ArgumentParser(
        prog="stillroom",
        description="The control room for Alembic migrations on PostgreSQL.",
    )
    parser.add_argument("--version", action="version", version=f"stillroom {version('stillroom-cli')}")
    subparsers = parser.add_subparsers(dest="name", metavar="command", required=True)
    register_client(subparsers)
    register_stack(subparsers)
    register_host(subparsers)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command; its answer is the exit status."""
    parsed = build_parser().parse_args(arguments)
    run: Callable[[argparse.Namespace], int] = parsed.run
    try:
        return run(parsed)
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
