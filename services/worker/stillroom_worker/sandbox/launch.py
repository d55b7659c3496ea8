"""Starts one cell: lays it out, starts the warden, counts it in, and lets it go."""

import asyncio
import base64
import json
import os
from dataclasses import dataclass
from typing import Any

from stillroom_worker.sandbox import bwrap, cgroup, landlock, layout, seccomp, slots, trusted
from stillroom_worker.sandbox.cell import Cell, CellFailed, Level
from stillroom_worker.sandbox.descriptors import Descriptors
from stillroom_worker.sandbox.inside.warden import GO
from stillroom_worker.sandbox.layout import Layout
from stillroom_worker.sandbox.prisoner import Prisoner

START_SECONDS = 30.0
_STREAM_LIMIT = 1024 * 1024


@dataclass(frozen=True, kw_only=True)
class _Command:
    """What is executed, and what it is told through a pipe once it has been counted in."""

    argv: list[str]
    first_words: bytes = b""
    words_to: int | None = None


@dataclass(frozen=True, kw_only=True)
class _Ends:
    """The descriptor numbers of one start: the new process's, then ours."""

    request: int
    events: int
    control: int
    status: int
    our_events: int
    our_control: int
    our_status: int


async def start(cell: Cell, level: Level, *, variant: bwrap.Variant | None = None) -> Prisoner:
    """Start the cell's program and return once it runs; raises CellFailed or ValueError.

    `level` is what `choose_level` returned. `variant` is for its self-test.
    """
    variant = variant or bwrap.chosen()
    room = layout.lay_out(cell, level, own_uid=variant.own_uid or level is not Level.BWRAP)
    cell = layout.with_files_named(cell, room)
    try:
        with Descriptors() as descriptors:
            prisoner = await _launch(cell, level, room, descriptors, variant)
    except BaseException:
        room.clear()
        raise
    try:
        async with asyncio.timeout(START_SECONDS):
            await prisoner.started()
    except BaseException as error:
        await prisoner.verify_gone()
        if isinstance(error, TimeoutError):
            raise CellFailed("The cell did not start in time.") from None
        raise
    return prisoner


async def _launch(cell: Cell, level: Level, room: Layout, descriptors: Descriptors, variant: bwrap.Variant) -> Prisoner:
    ends = _open(cell, descriptors)
    spec = _spec(cell, level, room, ends)
    if level is Level.BWRAP:
        command = _in_bwrap(cell, room, spec, ends, descriptors, variant)
    else:
        archive = descriptors.hold(trusted.archive())
        command = _Command(argv=_warden(f"/proc/self/fd/{archive}", spec, ends, descriptors))
    stdin = descriptors.hold(cell.stdin) if cell.stdin else asyncio.subprocess.DEVNULL
    process = await _spawn(command, room.slot, stdin, descriptors)
    try:
        # Nothing of the tenant runs before this: bwrap waits for its words, the warden for GO.
        group = _count_in(cell, process.pid)
        if command.words_to is not None:
            await asyncio.to_thread(_write_all, command.words_to, command.first_words)
        os.write(ends.our_control, GO)
        return await _attach(level, process, ends, group, room)
    except BaseException:
        process.kill()
        await process.wait()
        raise


def _open(cell: Cell, descriptors: Descriptors) -> _Ends:
    request = descriptors.hold(cell.request)
    events, our_events = descriptors.pipe_from()
    control, our_control = descriptors.pipe_to()
    status, our_status = descriptors.pipe_from()
    return _Ends(
        request=request,
        events=events,
        control=control,
        status=status,
        our_events=our_events,
        our_control=our_control,
        our_status=our_status,
    )


def _spec(cell: Cell, level: Level, room: Layout, ends: _Ends) -> dict[str, Any]:
    """What the warden is told; see `inside/warden.py`."""
    shared = {
        "argv": [*cell.argv, *((str(ends.request), str(ends.events)) if cell.takes_request else ())],
        "env": {**room.environment, **cell.env},
        "cwd": str(cell.cwd),
        "request_fd": ends.request,
        "events_fd": ends.events,
        "limits": layout.resource_limits(cell.limits, level, has_slot=room.slot is not None),
        "own_uid": room.slot is not None,
        "forward_to": str(room.socket) if room.socket else None,
        "drop_capabilities": True,
        "private": str(room.private) if room.private else None,
    }
    if level is Level.BWRAP:  # bwrap has done the rest by the time that this is read
        return {**shared, "own_network": False, "own_pids": True, **_unconfined()}
    if level is Level.BARE:
        return {**shared, "own_network": False, "own_pids": False, **_unconfined()}
    own_network = landlock.has_own_network()
    program = seccomp.landlock_filter(own_network=own_network, installs=bool(cell.writable))
    return {
        **shared,
        "own_network": own_network,
        "own_pids": False,
        "no_new_privileges": True,
        "landlock": {**room.landlock_paths(cell.writable), "connect": None if own_network else room.ports},
        "seccomp": base64.b64encode(program).decode(),
    }


def _unconfined() -> dict[str, Any]:
    return {"no_new_privileges": False, "landlock": None, "seccomp": ""}


def _in_bwrap(
    cell: Cell,
    room: Layout,
    spec: dict[str, Any],
    ends: _Ends,
    descriptors: Descriptors,
    variant: bwrap.Variant,
) -> _Command:
    program = bwrap.program()
    if program is None:
        raise CellFailed("bubblewrap is not installed.")
    words = bwrap.arguments(
        bwrap.Room(
            read_only=room.read_only,
            writable=cell.writable,
            files=cell.files,
            archive=trusted.archive(),
            socket_dir=cell.database_socket,
            tmp_bytes=cell.limits.tmp_bytes,
        ),
        variant,
        seccomp_fd=descriptors.hold(seccomp.bubblewrap_filter()),
        hold=descriptors.hold,
    )
    words_fd, our_words = descriptors.pipe_to()
    inner = _warden(str(bwrap.ARCHIVE), spec, ends, descriptors)
    return _Command(
        argv=[program, "--args", str(words_fd), "--", *inner],
        first_words=b"".join(word.encode() + b"\0" for word in words),
        words_to=our_words,
    )


def _warden(archive: str, spec: dict[str, Any], ends: _Ends, descriptors: Descriptors) -> list[str]:
    told = descriptors.hold(json.dumps(spec).encode())
    numbers = (told, ends.control, ends.status)
    return [str(trusted.interpreter()), "-I", "-S", archive, *map(str, numbers)]


async def _spawn(
    command: _Command, slot: slots.Slot | None, stdin: int, descriptors: Descriptors
) -> asyncio.subprocess.Process:
    identity: dict[str, Any] = {}
    if slot is not None:
        identity = {"user": slot.uid, "group": slot.uid, "extra_groups": []}
    try:
        return await asyncio.create_subprocess_exec(
            *command.argv,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={},  # bwrap --clearenv leaves its own environment readable at /proc/1/environ
            cwd="/",
            pass_fds=tuple(descriptors.passed),
            start_new_session=True,
            limit=_STREAM_LIMIT,
            **identity,
        )
    except OSError as error:
        raise CellFailed(f"The cell cannot be started: {error}") from None


def _count_in(cell: Cell, pid: int) -> cgroup.Cgroup | None:
    group = cgroup.create(cell.limits)
    if group is None:
        return None
    try:
        group.add(pid)
    except OSError:  # version 2 forbids moving between what two owners delegated
        group.remove()
        return None
    return group


def _write_all(descriptor: int, content: bytes) -> None:
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)


async def _attach(
    level: Level,
    process: asyncio.subprocess.Process,
    ends: _Ends,
    group: cgroup.Cgroup | None,
    room: Layout,
) -> Prisoner:
    events, close_events = await _reader(ends.our_events)
    status, close_status = await _reader(ends.our_status)

    def close() -> None:
        close_events()
        close_status()
        room.clear()

    return Prisoner(
        level=level,
        process=process,
        events=events,
        status=status,
        control=ends.our_control,
        cgroup=group,
        slot=room.slot,
        close=close,
    )


async def _reader(descriptor: int) -> tuple[asyncio.StreamReader, Any]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=_STREAM_LIMIT)
    transport, _ = await loop.connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(descriptor, "rb", buffering=0)
    )
    return reader, transport.close
