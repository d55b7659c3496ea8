"""What every command shares: the server and project that are meant, and how failures are told."""

from __future__ import annotations

import argparse
import functools
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from stillroom_cli.client.connection import Client, is_local, normalized_url
from stillroom_cli.client.credentials import CredentialFile, GivenToken
from stillroom_cli.client.failures import Exit, Failure, Misused, Refused
from stillroom_cli.client.identity import ByIdentity
from stillroom_cli.client.terminal import Style, Terminal

DEFAULT_URL = "http://localhost:8000"


def guarded(run: Callable[[argparse.Namespace], int]) -> Callable[[argparse.Namespace], int]:
    """The command with its failures told on standard error and turned into exit codes."""

    @functools.wraps(run)
    def guard(arguments: argparse.Namespace) -> int:
        try:
            return run(arguments)
        except Failure as failure:
            tell(failure)
            return failure.exit
        except KeyboardInterrupt:
            sys.stderr.write("\n")
            return Exit.INTERRUPTED
        except BrokenPipeError:
            # Whoever read our output has enough of it. Python would complain again at its exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return Exit.DONE

    return guard


def tell(failure: Failure) -> None:
    """Title, detail, faulty fields and fix on standard error."""
    terminal = Terminal(sys.stderr)
    terminal.line(("error: ", Style.BAD), (failure.title, Style.STRONG))
    for line in failure.detail.splitlines():
        terminal.line("  ", line)
    for field, message in failure.fields:
        if f"{field}: {message}" not in failure.detail:
            terminal.line("  ", (f"{field}: ", Style.STRONG), message)
    if failure.fix:
        terminal.line("  ", ("Fix: ", Style.STRONG), failure.fix)
    if isinstance(failure, Refused) and failure.status >= 500 and failure.request_id:
        terminal.line("  ", (f"Request id: {failure.request_id}", Style.FAINT))


def server_url(arguments: argparse.Namespace) -> str:
    """Which server is meant."""
    return (
        getattr(arguments, "address", None)
        or arguments.url
        or os.environ.get("STILLROOM_URL")
        or CredentialFile().current_url()
        or DEFAULT_URL
    )


def open_client(arguments: argparse.Namespace) -> Client:
    """A client for the server that is meant: by STILLROOM_TOKEN, as the pipeline of STILLROOM_TRUST, or signed in."""
    url = normalized_url(server_url(arguments))
    if token := given_token():
        return Client(url, GivenToken(token))
    if trust := given_trust():
        return Client(url, ByIdentity(trust, local=is_local(url)))
    return Client(url, CredentialFile())


def given_token() -> str | None:
    """The API token that the environment names."""
    return os.environ.get("STILLROOM_TOKEN", "").strip() or None


def given_trust() -> str | None:
    """The trust by which a pipeline acts that keeps no secret."""
    return os.environ.get("STILLROOM_TRUST", "").strip() or None


def project_of(arguments: argparse.Namespace) -> str | None:
    """The project that is meant; None leaves it to the API token; raises Misused when there is neither."""
    return _required(optional_project(arguments), "project", "--project", "STILLROOM_PROJECT")


def optional_project(arguments: argparse.Namespace) -> str | None:
    """The project that is meant, if one is."""
    return arguments.project or os.environ.get("STILLROOM_PROJECT") or None


def environment_of(arguments: argparse.Namespace) -> str | None:
    """The environment that is meant; None leaves it to the API token; raises Misused when there is neither."""
    given = arguments.environment or os.environ.get("STILLROOM_ENVIRONMENT")
    return _required(given, "environment", "--environment", "STILLROOM_ENVIRONMENT")


def print_json(content: Any) -> None:
    """JSON for programs, on standard output; ASCII, so that a terminal finds nothing in it to obey."""
    json.dump(content, sys.stdout, indent=2)
    sys.stdout.write("\n")


def _required(value: str | None, noun: str, option: str, variable: str) -> str | None:
    if not value:
        if given_token() or given_trust():
            return None  # the server knows whether the token is for one alone, and says so where it is not
        raise Misused(f"Which {noun} is meant?", fix=f"Give {option}, or set {variable}.")
    return value
