"""An embedded Valkey: one folder, on the loopback interface only, with a password."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from stillroom_cli.embedded.binaries import valkey_binary
from stillroom_cli.embedded.ports import LOOPBACK, any_free
from stillroom_cli.embedded.processes import CannotStart, Rung, last_lines, start_guarded, stop

LADDER = (Rung(signal.SIGTERM, 15),)


@dataclass(frozen=True)
class ValkeyServer:
    """A running server. `stop()` ends it and waits."""

    port: int
    password: str = field(repr=False)
    folder: Path
    process: subprocess.Popen[bytes] = field(repr=False)
    host: str = LOOPBACK

    def url(self, database: int = 0) -> str:
        """The address that Celery and redis-py want."""
        return f"redis://:{quote(self.password, safe='')}@{self.host}:{self.port}/{database}"

    def stop(self) -> None:
        """Writes everything and waits until the process is gone."""
        stop(self.process, LADDER)


def start_valkey(
    folder: Path,
    *,
    password: str,
    port: int | None = None,
    log: Path | None = None,
    durable: bool = True,
) -> ValkeyServer:
    """Starts the server whose files are in `folder`. With `durable` every write survives a kill.

    Raises CannotStart with the fix in one line.
    """
    port = port or any_free()
    folder.mkdir(parents=True, exist_ok=True)
    log = log or folder / "valkey.log"
    process = start_guarded(
        [str(valkey_binary()), "-"],
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"},
        cwd=folder,
        log=log,
        stdin=subprocess.PIPE,
    )
    assert process.stdin is not None  # noqa: S101  asked for above
    try:
        # Over stdin, so that the password stands neither in argv nor in a file.
        process.stdin.write(_configuration(folder, port, password, durable).encode())
        process.stdin.close()
    except BrokenPipeError:
        pass
    if not _wait_ready(process, port, password):
        stop(process, LADDER)
        raise CannotStart(f"Valkey did not start: {last_lines(log)} (log: {log})")
    return ValkeyServer(port, password, folder, process)


def _configuration(folder: Path, port: int, password: str, durable: bool) -> str:
    lines = [
        f"bind {LOOPBACK}",
        f"port {port}",
        f'requirepass "{password}"',
        f'dir "{folder.resolve()}"',
        "daemonize no",
        "maxmemory-policy noeviction",
        'save ""',
        f"appendonly {'yes' if durable else 'no'}",
    ]
    return "\n".join(lines) + "\n"


def _wait_ready(process: subprocess.Popen[bytes], port: int, password: str, patience: float = 30.0) -> bool:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        if process.poll() is not None:
            return False
        if _answers(port, password):
            return True
        time.sleep(0.02)
    return False


def _answers(port: int, password: str) -> bool:
    """Whether it lets us in and has loaded its data (until then it answers LOADING)."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=1) as connection:
            connection.sendall(f"AUTH {password}\r\nPING\r\n".encode())
            answer = b""
            while answer.count(b"\r\n") < 2:
                part = connection.recv(256)
                if not part:
                    return False
                answer += part
    except OSError:
        return False
    return answer == b"+OK\r\n+PONG\r\n"
