"""Runs one git command of a fixed argv: bounded, timed, and ended as a whole group."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from threading import Timer

from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.limits import FetchLimits

_PRLIMIT = shutil.which("prlimit", path="/usr/bin:/bin")
_MOST_OUTPUT = 64 * 1024 * 1024
_MOST_WORDS = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a command left: its exit code (negative: the signal), its output, and its last words."""

    code: int
    output: bytes
    words: str


def bounded(argv: Sequence[str], limits: FetchLimits) -> list[str]:
    """Put the limits of resources in front of an argv, where the system can set them (Linux)."""
    if _PRLIMIT is None:
        return list(argv)
    cpu = int(limits.cpu.total_seconds())
    return [
        _PRLIMIT,
        f"--fsize={limits.file_bytes}",
        f"--as={limits.memory_bytes}",
        f"--cpu={cpu}:{cpu + 5}",
        "--nofile=512",
        "--core=0",
        "--",
        *argv,
    ]


async def run(
    argv: Sequence[str], *, env: Mapping[str, str], limits: FetchLimits, time: timedelta, stdin: bytes = b""
) -> Finished:
    """Run a command until it ends or its time is over; nothing of its group survives this call.

    Raises CheckoutFailed(timeout | too_large).
    """
    process = await asyncio.create_subprocess_exec(
        *bounded(argv, limits),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=dict(env),
        cwd="/",
        start_new_session=True,
    )
    assert process.stdout and process.stderr  # noqa: S101  pipes were asked for
    try:
        async with asyncio.timeout(time.total_seconds()):
            output, words, _ = await asyncio.gather(
                read_all(process.stdout), read_tail(process.stderr), _feed(process, stdin)
            )
            code = await process.wait()
    except TimeoutError:
        raise too_slow(time) from None
    finally:
        kill_group(process.pid)
        with contextlib.suppress(ProcessLookupError):
            await asyncio.shield(process.wait())
    return Finished(code=code, output=output, words=words.decode("utf-8", "replace"))


async def _feed(process: asyncio.subprocess.Process, data: bytes) -> None:
    assert process.stdin  # noqa: S101  a pipe was asked for
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(data)
        await process.stdin.drain()
    process.stdin.close()


async def read_all(stream: asyncio.StreamReader) -> bytes:
    """What a command says, to its end; raises CheckoutFailed(too_large) for very much."""
    parts: list[bytes] = []
    size = 0
    while part := await stream.read(65536):
        size += len(part)
        if size > _MOST_OUTPUT:
            raise CheckoutFailed("too_large", "The repository is too large", "git listed more than 64 MiB of names.")
        parts.append(part)
    return b"".join(parts)


async def read_tail(stream: asyncio.StreamReader) -> bytes:
    """The last words of a command."""
    tail = b""
    while part := await stream.read(8192):
        tail = (tail + part)[-_MOST_WORDS:]
    return tail


@contextmanager
def reading(
    argv: Sequence[str], *, env: Mapping[str, str], limits: FetchLimits, time: timedelta
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command whose output the caller streams; its group dies with the time limit or the caller.

    Its stderr goes nowhere: commands that only read a mirror are judged by their output.
    """
    process = subprocess.Popen(
        bounded(argv, limits),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=dict(env),
        cwd="/",
        start_new_session=True,
    )
    over = False

    def end() -> None:
        nonlocal over
        over = True
        kill_group(process.pid)

    timer = Timer(time.total_seconds(), end)
    timer.daemon = True
    timer.start()
    try:
        yield process
    except (OSError, CheckoutFailed):
        if over:
            raise too_slow(time) from None
        raise
    finally:
        timer.cancel()
        kill_group(process.pid)
        for pipe in (process.stdin, process.stdout):
            with contextlib.suppress(OSError):
                if pipe is not None:
                    pipe.close()
        process.wait()


def kill_group(pid: int) -> None:
    """Kill a session that was started here; a group that is gone is what was wanted."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)


def too_slow(time: timedelta) -> CheckoutFailed:
    """The error for a command that was stopped after `time`."""
    return CheckoutFailed(
        "timeout",
        "The repository did not answer in time",
        f"git was stopped after {time.total_seconds():.0f} s.",
        "Try again; if the repository is very large, ask the operator for a longer limit.",
    )


def git(mirror: Path, *words: str, settings: Sequence[str]) -> list[str]:
    """Compose the argv of a git command on a mirror."""
    return ["git", f"--git-dir={mirror.absolute()}", *settings, *words]
