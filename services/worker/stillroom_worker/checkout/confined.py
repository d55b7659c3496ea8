"""Runs one git command in a cell: git reads what a stranger's server sends, so it has a job's walls."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.limits import MIB, FetchLimits
from stillroom_worker.checkout.process import Finished, read_all, read_tail, too_slow
from stillroom_worker.egress.outlet import Outlet
from stillroom_worker.sandbox import Cell, CellFailed, Level, Limits, start

_PROCESSES, _OPEN_FILES, _TMP_BYTES = 64, 512, 64 * MIB


@dataclass(frozen=True, kw_only=True)
class Walls:
    """What one command may see. Without a `way` it has no network at all."""

    level: Level
    limits: FetchLimits
    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    way: Outlet | None = None
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)


async def run_confined(
    argv: Sequence[str], walls: Walls, *, env: Mapping[str, str], time: timedelta, stdin: bytes = b""
) -> Finished:
    """Run a command in its cell until it ends or its time is over; nothing of it survives this call.

    Raises CheckoutFailed(timeout | too_large | git_failed).
    """
    cell = Cell(
        argv=tuple(argv),
        env=env,
        cwd=walls.writable[0],
        read_only=walls.readable,
        writable=walls.writable,
        files=walls.files,
        database_socket=walls.way.folder if walls.way else None,
        database_port=walls.way.port if walls.way else 0,
        stdin=stdin,
        takes_request=False,
        limits=_limits(walls.limits),
    )
    try:
        prisoner = await start(cell, walls.level)
    except CellFailed as failure:
        raise CheckoutFailed("git_failed", "The sandbox for git could not be started", failure.reason) from None
    try:
        async with asyncio.timeout(time.total_seconds()):
            output, words, code = await asyncio.gather(
                read_all(prisoner.stdout), read_tail(prisoner.stderr), prisoner.wait()
            )
    except TimeoutError:
        raise too_slow(time) from None
    finally:
        await prisoner.verify_gone()
    if prisoner.limit_hit() == "memory":
        words += b"\nout of memory"
    return Finished(code=code, output=output, words=words.decode("utf-8", "replace"))


def _limits(limits: FetchLimits) -> Limits:
    return Limits(
        memory_bytes=limits.memory_bytes,
        processes=_PROCESSES,
        file_bytes=limits.file_bytes,
        cpu_seconds=int(limits.cpu.total_seconds()),
        open_files=_OPEN_FILES,
        tmp_bytes=_TMP_BYTES,
        address_space_bytes=limits.memory_bytes,
    )
