"""`python -m stillroom_cli.containers secrets|prepare|password`: what deploy/compose runs before the service."""

import sys
from collections.abc import Callable

import psycopg

from stillroom_cli.containers.prepare import prepare
from stillroom_cli.containers.secrets import keep_secrets, show_password
from stillroom_cli.embedded import CannotStart

COMMANDS: dict[str, Callable[[], None]] = {"secrets": keep_secrets, "prepare": prepare, "password": show_password}


def main(arguments: list[str]) -> int:
    """Runs one command; a failure is one line."""
    if len(arguments) != 1 or arguments[0] not in COMMANDS:
        print(f"choose one of {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    try:
        COMMANDS[arguments[0]]()
    except (CannotStart, psycopg.Error) as failure:
        print(f"stillroom {arguments[0]}: {str(failure).strip()}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
