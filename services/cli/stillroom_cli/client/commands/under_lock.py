"""`stillroom exec`: a migration from a terminal under the same lock as jobs, so that the two never meet."""

from __future__ import annotations

import argparse
import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from typing import Any

import psycopg

from stillroom_cli.client.failures import Failure, Misused
from stillroom_cli.client.terminal import Style, Terminal

# The worker's own keys (its tests compare them): whoever holds this pair migrates the database.
LOCK_KEYS = (0x5711_1200, 1)
_EVERY_SECONDS = 1.0
_HOLDER = """
select a.application_name, a.pid from pg_locks l join pg_stat_activity a on a.pid = l.pid
where l.locktype = 'advisory' and l.granted and l.classid = %s and l.objid = %s
  and l.database = (select oid from pg_database where datname = current_database())
limit 1
"""


def exec_(arguments: argparse.Namespace) -> int:
    """Takes the database's lock, runs the command, and ends as it ended."""
    words = arguments.words[1:] if arguments.words[:1] == ["--"] else arguments.words
    if not words:
        raise Misused("Which command is meant?", fix="Give it after two dashes: stillroom exec -- alembic upgrade head")
    if shutil.which(words[0]) is None:
        raise Misused(f"There is no command {words[0]}.", fix="Activate its virtualenv, or name it with its folder.")
    connection = _connect(arguments.variable)
    try:
        _lock(connection, wait=not arguments.no_wait)
        # The child shares our process group: Ctrl-C reaches it, and we wait for its own end.
        status = _run(words)
        _check_kept(connection)
    finally:
        connection.close()
    return status


def _connect(variable: str) -> psycopg.Connection[Any]:
    url = os.environ.get(variable, "")
    if not url and not os.environ.get("PGHOST"):
        raise Misused(
            "Which database is meant?",
            detail=f"Neither {variable} nor PGHOST is set.",
            fix="Set the variable that your env.py reads, and name it with --variable.",
        )
    scheme, mark, rest = url.partition("://")
    name = f"stillroom exec: {getpass.getuser()}@{socket.gethostname()}"[:63]
    try:
        return psycopg.connect(
            f"{scheme.partition('+')[0]}{mark}{rest}", autocommit=True, application_name=name, connect_timeout=10
        )
    except (psycopg.Error, UnicodeError) as cause:
        # psycopg's own text names host and user, never the password.
        raise Failure("The database is not reachable.", detail=str(cause).strip(), fix=f"Check {variable}.") from None


def _lock(connection: psycopg.Connection[Any], *, wait: bool) -> None:
    told = ""
    while True:
        got = connection.execute("select pg_try_advisory_lock(%s::int, %s::int)", LOCK_KEYS).fetchone()
        if got is not None and got[0]:
            return
        row = connection.execute(_HOLDER, LOCK_KEYS).fetchone()
        holder = f"{row[0] or 'a session without a name'} (pid {row[1]})" if row else "somebody who has just let go"
        if not wait:
            raise Failure(
                "Another migration of this database runs.",
                detail=f"The lock is held by {holder}.",
                fix="Wait for it to end, or leave out --no-wait.",
            )
        if holder != told:
            told = holder
            Terminal(sys.stderr).line((f"Waits for {holder}, which migrates this database …", Style.FAINT))
        time.sleep(_EVERY_SECONDS)


def _run(words: list[str]) -> int:
    process = subprocess.Popen(words)
    while True:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            continue  # it has heard it too; what it makes of it decides
        return status if status >= 0 else 128 - status


def _check_kept(connection: psycopg.Connection[Any]) -> None:
    """Says so when the lock was lost on the way: somebody else may have run meanwhile."""
    try:
        connection.execute("select 1")
    except psycopg.Error:
        Terminal(sys.stderr).line(
            (
                "The session that held the lock was ended while the command ran: another migration may have run.",
                Style.BAD,
            )
        )
