"""Starting a program that dies with its parent, and stopping it for certain."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

GUARD = Path(__file__).with_name("guard.py")
KEEP = "keep"


class CannotStart(Exception):
    """Something could not be started. The text is one line: what is wrong, and the fix."""


@dataclass(frozen=True)
class Rung:
    """One step of a stopping ladder: this signal, then so many seconds of patience."""

    signal: signal.Signals
    patience: float
    whole_group: bool = True


KILL = Rung(signal.SIGKILL, 10)


def start_guarded(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path | int,
    death_signal: signal.Signals = signal.SIGTERM,
    identity: str = KEEP,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Starts `argv` in a process group of its own; the kernel sends `death_signal` when this thread ends.

    Call it from the main thread: the kernel watches the thread, not the process. `argv[0]` is an absolute
    path. Both outputs are appended to `log` (a file, or an open descriptor).
    """
    command = [
        *(sys.executable, "-I", "-S", str(GUARD)),
        *(str(os.getpid()), str(int(death_signal)), identity, "--"),
        *argv,
    ]
    output: int | IO[bytes] = log if isinstance(log, int) else log.open("ab")
    try:
        return subprocess.Popen(
            command,
            env=dict(env),
            cwd=cwd,
            stdin=stdin,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    finally:
        if not isinstance(output, int):
            output.close()


def stop(process: subprocess.Popen[bytes], ladder: Sequence[Rung]) -> int:
    """Walks the ladder until the process and its whole group are gone; returns the exit status."""
    for rung in (*ladder, KILL):
        if process.poll() is not None:
            break
        _send(process.pid, rung)
        try:
            process.wait(rung.patience)
        except subprocess.TimeoutExpired:
            continue
    _end_group(process.pid)
    return process.wait()


def _send(pid: int, rung: Rung) -> None:
    try:
        if rung.whole_group:
            os.killpg(pid, rung.signal)
        else:
            os.kill(pid, rung.signal)
    except ProcessLookupError:
        pass


def _end_group(group: int) -> None:
    """Children that outlived their leader are killed: nothing of ours stays behind."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.killpg(group, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            return
        time.sleep(0.02)


def last_lines(log: Path, count: int = 3) -> str:
    """The end of a log on one line, for the sentence that says why something did not start."""
    try:
        lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return ""
    return " / ".join(lines[-count:])


def command_line(pid: int) -> str:
    """What a process was started with, or nothing if there is no such process."""
    if Path("/proc/self/cmdline").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            return ""
    listing = subprocess.run(["ps", "-ww", "-o", "args=", "-p", str(pid)], check=False, capture_output=True, text=True)
    return listing.stdout
