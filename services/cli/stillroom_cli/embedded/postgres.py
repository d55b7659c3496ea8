"""An embedded PostgreSQL: made on first start, kept in one folder, on the loopback interface only."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from stillroom_cli.embedded.binaries import OLDEST_MAJOR, PostgresBinaries, postgres_binaries
from stillroom_cli.embedded.identity import Identity, choose_identity
from stillroom_cli.embedded.ports import LOOPBACK, any_free
from stillroom_cli.embedded.processes import CannotStart, Rung, command_line, last_lines, start_guarded, stop

SUPERUSER = "postgres"

# SIGINT is PostgreSQL's "fast": it ends sessions. SIGTERM would wait for clients, possibly for ever.
# Only the postmaster is asked: a signal to its group would reach every backend and mean something else.
LADDER = (Rung(signal.SIGINT, 30, whole_group=False), Rung(signal.SIGQUIT, 10, whole_group=False))

_BUILTIN_LOCALE = ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")

# After a kill -9 the backends of the dead server need a moment to leave its shared memory.
PATIENCE_AFTER_CRASH = 10.0

STANDARD: Mapping[str, str] = {
    "shared_buffers": "64MB",
    "max_connections": "120",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "unix_socket_directories": "",
    "listen_addresses": LOOPBACK,
    "password_encryption": "scram-sha-256",
}

# For databases that live as long as a test run and nobody mourns.
THROWAWAY: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum_naptime": "600s",
    "max_connections": "200",
}


@dataclass(frozen=True)
class PostgresServer:
    """A running server. `stop()` ends it and waits."""

    port: int
    password: str = field(repr=False)
    folder: Path
    process: subprocess.Popen[bytes] = field(repr=False)
    binaries: PostgresBinaries
    host: str = LOOPBACK
    user: str = SUPERUSER

    def url(self, database: str = "postgres", scheme: str = "postgresql") -> str:
        """The administrator's address of one of its databases."""
        return f"{scheme}://{self.user}:{quote(self.password, safe='')}@{self.host}:{self.port}/{database}"

    def stop(self) -> None:
        """Ends sessions, writes everything and waits until the last process is gone."""
        stop(self.process, LADDER)


def start_postgres(
    folder: Path,
    *,
    password: str,
    port: int | None = None,
    log: Path | None = None,
    settings: Mapping[str, str] | None = None,
    binaries: PostgresBinaries | None = None,
) -> PostgresServer:
    """Starts the server whose files are in `folder`, making them if there are none.

    `settings` are added to those of STANDARD; `binaries` are other ones than those that are found. Raises CannotStart
    with the fix in one line.
    """
    port = port or any_free()
    folder.mkdir(parents=True, exist_ok=True)
    data = folder / "data"
    log = log or folder / "postgres.log"
    binaries = binaries or postgres_binaries(_major_of(data))
    identity = choose_identity(folder.resolve(), data, Path(binaries.program("postgres")))
    if not (data / "PG_VERSION").exists():
        _initialise(folder, data, binaries, identity, password)
    end_leftover(data)
    deadline = time.monotonic() + PATIENCE_AFTER_CRASH
    while True:
        process = _launch(data, binaries, identity, port, log, {**STANDARD, **(settings or {})})
        if _wait_ready(process, data):
            return PostgresServer(port, password, folder, process, binaries)
        stop(process, LADDER)
        reason = last_lines(log)
        if "pre-existing shared memory" not in reason or time.monotonic() > deadline:
            raise CannotStart(f"PostgreSQL did not start: {reason} (log: {log})")
        time.sleep(0.2)


def end_leftover(data: Path) -> None:
    """Stops a server that a killed launcher left on these files, and forgets a stale lock.

    The number in postmaster.pid may belong to somebody else by now; PostgreSQL itself only asks whether
    such a process exists.
    """
    lock = data / "postmaster.pid"
    try:
        pid = int(lock.read_text().split("\n", 1)[0])
    except (OSError, ValueError):
        return
    if not _is_server_of(pid, data):
        lock.unlink(missing_ok=True)
        return
    for rung in LADDER:
        try:
            os.kill(pid, rung.signal)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + rung.patience
        while time.monotonic() < deadline:
            if not _is_server_of(pid, data):
                return
            time.sleep(0.05)


def _is_server_of(pid: int, data: Path) -> bool:
    return str(data.resolve()) in command_line(pid)


def _major_of(data: Path) -> int | None:
    try:
        return int((data / "PG_VERSION").read_text())
    except (OSError, ValueError):
        return None


def _environment() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _initialise(folder: Path, data: Path, binaries: PostgresBinaries, identity: Identity, password: str) -> None:
    if identity.uid != os.geteuid():
        os.chown(folder, identity.uid, identity.gid)
    secret = folder / "password"
    secret.touch(0o600)
    secret.write_text(password)
    if identity.uid != os.geteuid():
        os.chown(secret, identity.uid, identity.gid)
    # Made beside and renamed: a power cut in the middle leaves nothing that looks like a database.
    unfinished = folder / "unfinished"
    log = folder / "initdb.log"
    argv = [
        *(binaries.program("initdb"), "-D", str(unfinished.resolve()), "-U", SUPERUSER),
        *("--auth=scram-sha-256", f"--pwfile={secret.resolve()}", "-E", "UTF8"),
        *(_BUILTIN_LOCALE if binaries.major >= OLDEST_MAJOR else ("--locale=C.UTF-8",)),
    ]
    try:
        shutil.rmtree(unfinished, ignore_errors=True)
        process = start_guarded(
            argv,
            env=_environment(),
            cwd=folder,
            log=log,
            identity=identity.guard,
            death_signal=signal.SIGKILL,
        )
        if process.wait(120) != 0:
            raise CannotStart(f"initdb failed: {last_lines(log)} (log: {log})")
        unfinished.rename(data)
    finally:
        secret.unlink(missing_ok=True)


def _launch(
    data: Path,
    binaries: PostgresBinaries,
    identity: Identity,
    port: int,
    log: Path,
    settings: Mapping[str, str],
) -> subprocess.Popen[bytes]:
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    argv = [binaries.program("postgres"), "-D", str(data.resolve()), "-p", str(port), *options]
    return start_guarded(
        argv,
        env=_environment(),
        cwd=data.parent,
        log=log,
        identity=identity.guard,
        death_signal=signal.SIGINT,
    )


def _wait_ready(process: subprocess.Popen[bytes], data: Path, patience: float = 60.0) -> bool:
    """Waits for "ready", or a standby's word for it, in postmaster.pid, as pg_ctl does: no password, no connection."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        try:
            lines = (data / "postmaster.pid").read_text().splitlines()
        except OSError:
            lines = []
        if len(lines) >= 8 and int(lines[0]) == process.pid and lines[7].strip() in ("ready", "standby"):
            return True
        time.sleep(0.02)
    return False
