"""`stillroom down`, `reset` and `status`: from another terminal."""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import sys
import time

from stillroom_cli.embedded.postgres import end_leftover as end_leftover_postgres
from stillroom_cli.stack.layout import Layout, find_layout
from stillroom_cli.stack.record import Record, forget_record, read_record, running_record
from stillroom_cli.stack.running import end_leftover
from stillroom_cli.stack.up import say

PATIENCE = 60.0


def down(_arguments: argparse.Namespace) -> int:
    """Stops a running stack and waits until nothing of it is left."""
    layout = find_layout()
    if stop_stack(layout):
        say("stopped")
        return 0
    say("Stillroom does not run")
    return 0


def stop_stack(layout: Layout) -> bool:
    """Stops the launcher, or what a killed launcher left; tells whether there was anything."""
    record = running_record(layout)
    if record is None:
        return _end_leftovers(layout)
    os.kill(record.launcher.pid, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    while record.launcher.lives() and time.monotonic() < deadline:
        time.sleep(0.05)
    if record.launcher.lives():
        os.kill(record.launcher.pid, signal.SIGKILL)
        _end_leftovers(layout, record)
    return True


def reset(arguments: argparse.Namespace) -> int:
    """Stops the stack and forgets its data, after asking."""
    layout = find_layout()
    if not layout.home.exists():
        say("there is nothing to forget")
        return 0
    if not arguments.yes:
        if not sys.stdin.isatty():
            say(
                "stillroom: `reset` forgets every database and setting: say --yes (make reset YES=1)",
                error=True,
            )
            return 1
        answer = input(f"Forget every database and setting in {layout.home}? [y/N] ")
        if answer.strip().lower() not in ("y", "yes"):
            say("nothing was changed")
            return 1
    stop_stack(layout)
    shutil.rmtree(layout.home)
    say(f"forgot {layout.home}")
    return 0


def status(_arguments: argparse.Namespace) -> int:
    """Says what runs; exit status 0 only if the service is there."""
    layout = find_layout()
    record = running_record(layout)
    if record is None:
        say("Stillroom does not run")
        return 3
    say(f"Stillroom {'runs' if record.ready else 'is starting'} at {record.url}")
    for name, who in record.processes.items():
        say(f"  {name:<12}{who.pid:>8}  {'running' if who.lives() else 'not running'}")
    return 0 if record.ready else 3


def _end_leftovers(layout: Layout, record: Record | None = None) -> bool:
    record = record or read_record(layout)
    if record is None:
        return False
    ended = [end_leftover(who) for name, who in reversed(list(record.processes.items())) if name != "postgres"]
    postgres = record.processes.get("postgres")
    if postgres is not None and postgres.lives():
        end_leftover_postgres(layout.postgres / "data")
        ended.append(True)
    forget_record(layout)
    return any(ended)
