"""Signing in and out."""

from __future__ import annotations

import argparse
import getpass
import os
import sys

from stillroom_cli.client.by_browser import sign_in_by_browser
from stillroom_cli.client.connection import Client, is_local
from stillroom_cli.client.failures import Exit, Misused, Refused
from stillroom_cli.client.running import given_token, given_trust, open_client, print_json, tell
from stillroom_cli.client.terminal import Style, Terminal

# A code changes twice a minute, so one may be typed a moment too late.
_CODE_TRIES = 3


def login(arguments: argparse.Namespace) -> int:
    """Signs in and keeps the tokens for later commands."""
    with open_client(arguments) as client:
        if client.url.startswith("http://") and not is_local(client.url):
            Terminal(sys.stderr).line(
                ("warning: ", Style.CAREFUL), "this address is not https: what signs you in travels in clear"
            )
        email = None if arguments.browser else _email(arguments)
        if email:
            _sign_in(client, email, _password(client.url))
        else:
            _sign_in_by_browser(client)
        person = client.get("/api/me")
    if arguments.json:
        print_json({"url": client.url, **person})
        return Exit.DONE
    Terminal(sys.stdout).line("Signed in to ", (client.url, Style.STRONG), f" as {person['name']}.")
    return Exit.DONE


def logout(arguments: argparse.Namespace) -> int:
    """Ends the sign-in."""
    with open_client(arguments) as client:
        ended = client.sign_out()
    text = f"Signed out of {client.url}." if ended else f"Nobody was signed in at {client.url}."
    Terminal(sys.stdout).line(text)
    return Exit.DONE


def whoami(arguments: argparse.Namespace) -> int:
    """Says who is signed in."""
    with open_client(arguments) as client:
        person = client.get("/api/me")
    if arguments.json:
        print_json({"url": client.url, **person})
        return Exit.DONE
    terminal = Terminal(sys.stdout)
    terminal.line((person["name"], Style.STRONG), f" <{person['email']}> at {client.url}")
    for organization in person["organizations"]:
        terminal.line(f"  {organization['slug']}: {organization['role']}")
    return Exit.DONE


def _sign_in_by_browser(client: Client) -> None:
    if given_token() or given_trust():
        raise Misused(
            "STILLROOM_TOKEN or STILLROOM_TRUST is set, so commands do not act as a person.",
            fix="Unset it to sign in as a person.",
        )
    sign_in_by_browser(client, Terminal(sys.stderr))


def _sign_in(client: Client, email: str, password: str) -> None:
    """Asks for the code of the second factor once the server says that it needs one."""
    code, tries = None, 0
    by_browser = f"stillroom login --browser {client.url}"
    while True:
        try:
            client.sign_in(email, password, code)
            break
        except Refused as refused:
            if refused.code == "wrong_code" and tries < _CODE_TRIES and _asks_a_person():
                tell(refused)
            elif refused.code == "sso_needed":
                refused.fix = f"Run: {by_browser}"
                raise
            elif refused.code == "wrong_credentials":
                refused.fix = f"{refused.fix} Without a password, run: {by_browser}".strip()
                raise
            elif refused.code != "second_factor_needed":
                raise
            if refused.params.get("passkey"):
                Terminal(sys.stderr).line(f"A passkey of yours works in the browser: {by_browser}")
        code = _code()
        tries += 1


def _asks_a_person() -> bool:
    return sys.stdin.isatty() and not os.environ.get("STILLROOM_CODE")


def _code() -> str:
    given = os.environ.get("STILLROOM_CODE")
    if not given:
        if sys.stdin.isatty():
            sys.stderr.write("Code of the second factor, or a recovery code: ")
            sys.stderr.flush()
        given = sys.stdin.readline().strip()
    if not given:
        raise Misused(
            "A code of the second factor is needed.",
            fix="Set STILLROOM_CODE, or write it to standard input, on the line after the password.",
        )
    return given


def _email(arguments: argparse.Namespace) -> str:
    """Who signs in; empty for somebody at a terminal who would rather use the browser."""
    given: str | None = arguments.email or os.environ.get("STILLROOM_EMAIL")
    if given:
        return given
    if not sys.stdin.isatty():
        raise Misused("Who signs in?", fix="Give --email or --browser, or set STILLROOM_EMAIL.")
    sys.stderr.write("E-mail, or nothing to sign in through the browser: ")
    sys.stderr.flush()
    line = sys.stdin.readline()
    if not line:  # nobody is there any more, who has not chosen anything
        raise Misused("Who signs in?", fix="Give --email or --browser, or set STILLROOM_EMAIL.")
    return line.strip()


def _password(url: str) -> str:
    given = os.environ.get("STILLROOM_PASSWORD")
    if not given:
        given = getpass.getpass(f"Password for {url}: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    if not given:
        raise Misused("There is no password.", fix="Set STILLROOM_PASSWORD, or write it to standard input.")
    return given
