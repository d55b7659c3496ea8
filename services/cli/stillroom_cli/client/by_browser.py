"""Signing in through a browser: this terminal shows a code, somebody approves it there, and it comes in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from typing import Any

from stillroom_cli.client.connection import Client
from stillroom_cli.client.failures import Failure, Refused, Unreachable
from stillroom_cli.client.terminal import Style, Terminal

# How the server says that there is nothing yet; everything else that it refuses is the end.
_WAITING, _SLOW_DOWN = "terminal_waiting", "terminal_slow_down"
# Where no display is named, Python would start a browser of text in this very terminal.
_DISPLAYS = ("DISPLAY", "WAYLAND_DISPLAY")
_WITH_A_DESKTOP = ("darwin", "win32")


def sign_in_by_browser(client: Client, terminal: Terminal) -> None:
    """Shows address and code, opens the page where there is a browser, and waits for the answer.

    Raises Refused when it was refused or has ended, Failure when the server did not say in time.
    """
    asked = client.begin_by_browser()
    terminal.line("Open ", (str(asked["page_with_code"]), Style.STRONG))
    terminal.line("and sign this terminal in if the page shows the code ", (str(asked["code"]), Style.STRONG))
    open_page(str(asked["page_with_code"]))
    wait_for_answer(client, asked, terminal)


def wait_for_answer(client: Client, asked: Mapping[str, Any], terminal: Terminal) -> None:
    """Asks as often as the server said until somebody has answered; a server that is away for a while is asked on."""
    interval, ends = max(1.0, float(asked["interval"])), time.monotonic() + float(asked["expires_in"])
    try:
        while time.monotonic() < ends:
            terminal.passing("waiting for your answer in the browser; Ctrl-C leaves")
            time.sleep(interval)
            try:
                client.finish_by_browser(str(asked["secret"]))
            except Unreachable:
                continue
            except Refused as refused:
                if refused.code == _SLOW_DOWN:
                    interval *= 2
                elif refused.code != _WAITING and refused.status not in (429, 502, 503, 504):
                    raise
            else:
                return
    finally:
        terminal.end_passing()
    raise Failure("Nobody has answered in the browser.", fix="Run the command again, and answer within ten minutes.")


def open_page(address: str, environment: Mapping[str, str] = os.environ) -> None:
    """Opens the page where a browser can show it to this person; elsewhere does nothing, and never fails."""
    if not address.startswith(("https://", "http://")) or not _can_show(environment):
        return
    try:
        # A process of its own: whatever a browser writes, or however long it stays, is not for this terminal.
        subprocess.Popen(
            [sys.executable, "-m", "webbrowser", address],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError:
        return


def _can_show(environment: Mapping[str, str]) -> bool:
    if environment.get("BROWSER"):
        return True  # somebody has said which; an editor that is connected from elsewhere does so too
    if environment.get("SSH_CONNECTION"):
        return False  # it would open on a screen that nobody sits at
    return sys.platform in _WITH_A_DESKTOP or any(environment.get(name) for name in _DISPLAYS)
