"""Where everything of a cell lies, for each level: folders, secret files, socket, environment, limits."""

import os
import platform
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any

from stillroom_worker.egress.listen import SOCKET_NAME, SOCKET_PATH_LIMIT
from stillroom_worker.sandbox import bwrap, landlock, slots, trusted
from stillroom_worker.sandbox.cell import Cell, Endpoint, Level, Limits

_INSIDE_PORT = 5432
# In a variable or the request: the folder of the secret files, which only this room can name.
_FILES_NAME = "{{files}}"
_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The places of one cell. `private` is on the host, and deleted by `clear`; None in bwrap."""

    read_only: tuple[Path, ...]
    slot: slots.Slot | None
    private: Path | None
    environment: dict[str, str]
    socket: Path | None
    ports: list[int]

    def landlock_paths(self, writable: Sequence[Path]) -> dict[str, Any]:
        return landlock.paths(self.read_only, writable, self.private)

    def clear(self) -> None:
        """Delete the private folder and give the uid back."""
        if self.private is not None:
            shutil.rmtree(self.private, ignore_errors=True)
        if self.slot is not None:
            self.slot.release()


def address(level: Level, *, database_port: int = 0, database_socket: Path | None = None) -> Endpoint:
    """What the tenant's code must use to reach the proxy at this port and in this folder."""
    if level is Level.BWRAP:
        return Endpoint(host=_LOOPBACK, port=_INSIDE_PORT, socket_dir=bwrap.SOCKET_DIR)
    if level is Level.BARE:
        named = database_socket is not None and _is_short(database_socket / SOCKET_NAME)
        return Endpoint(host=_LOOPBACK, port=database_port, socket_dir=database_socket if named else None)
    # No unix sockets there: Landlock cannot tell the proxy's from any other that the uid may open.
    port = _INSIDE_PORT if landlock.has_own_network() else database_port
    return Endpoint(host=_LOOPBACK, port=port, socket_dir=None)


def lay_out(cell: Cell, level: Level, *, own_uid: bool = True) -> Layout:
    """Check the cell and make its places; raises ValueError for a cell that must not be started.

    `own_uid`: give the job a uid that nobody else has, where the worker is root and the paths allow it.
    """
    _check(cell)
    roots = trusted.interpreter_roots(*cell.interpreters)
    read_only = bwrap.outermost((*cell.read_only, *roots))
    needed = [*read_only, trusted.interpreter()]
    if cell.database_socket is not None:
        needed.append(cell.database_socket)
    # What is written in the worker's folders must be the worker's.
    slot = slots.acquire(needed) if own_uid and not cell.writable else None
    if level is Level.BWRAP:
        home, files, private = bwrap.HOME, bwrap.FILES, None
        socket = bwrap.SOCKET_DIR / SOCKET_NAME if cell.database_socket else None
    else:
        private = _private_folder(cell, slot)
        home, files = private / "tmp", private / "files"
        forwards = level is Level.LANDLOCK and cell.database_socket and landlock.has_own_network()
        socket = cell.database_socket / SOCKET_NAME if forwards and cell.database_socket else None
    return Layout(
        read_only=read_only,
        slot=slot,
        private=private,
        environment=_environment(home, files),
        socket=socket,
        ports=[cell.database_port] if cell.database_port else [],
    )


def with_files_named(cell: Cell, room: Layout) -> Cell:
    """Put the folder of the secret files where variables and request speak of {{files}}."""
    folder = room.environment["STILLROOM_FILES"]
    return replace(
        cell,
        env={name: value.replace(_FILES_NAME, folder) for name, value in cell.env.items()},
        request=cell.request.replace(_FILES_NAME.encode(), folder.encode()),
    )


def resource_limits(limits: Limits, level: Level, *, has_slot: bool) -> dict[str, int]:
    """By their names in `resource`."""
    chosen = {
        "AS": limits.address_space_bytes,
        "FSIZE": limits.file_bytes,
        "CPU": limits.cpu_seconds,
        "NOFILE": limits.open_files,
        "CORE": 0,
    }
    # Counted per uid and, since Linux 5.14, per user namespace. Without either it would count the worker's
    # own processes, and one job's would keep another from starting.
    own_namespace = level is Level.BWRAP or (level is Level.LANDLOCK and landlock.has_own_network())
    if has_slot or (own_namespace and _kernel() >= (5, 14)):
        chosen["NPROC"] = limits.processes
    return chosen


def _check(cell: Cell) -> None:
    for path in cell.files:
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or ".." in parts or "\0" in path:
            raise ValueError(f"A secret file cannot stand at {path!r}.")
    real = cell.cwd.resolve()
    if not any(real.is_relative_to(place.resolve()) for place in (*cell.read_only, *cell.writable)):
        raise ValueError(f"{cell.cwd} does not lie in what the cell may see.")


def _private_folder(cell: Cell, slot: slots.Slot | None) -> Path:
    """A folder of the job's own for its temporary and its secret files, where it has no /tmp of its own."""
    private = Path(tempfile.mkdtemp(prefix="stillroom-job-"))
    owner = slot.uid if slot else -1
    try:
        for name in ("tmp", "files"):
            (private / name).mkdir(mode=0o700)
        for path, content in cell.files.items():
            file = private / "files" / path
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600, exist_ok=False)
            file.write_bytes(content)
            file.chmod(0o400)
        for place in (private, *private.rglob("*")):
            shutil.chown(place, owner, owner) if slot else None
    except BaseException:
        shutil.rmtree(private, ignore_errors=True)
        raise
    return private


def _environment(home: Path, files: Path) -> dict[str, str]:
    """What every program may expect; the cell's own variables come over it."""
    return {
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "HOME": str(home),
        "TMPDIR": str(home),
        "STILLROOM_FILES": str(files),
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _is_short(path: Path) -> bool:
    return len(os.fsencode(path)) <= SOCKET_PATH_LIMIT


def _kernel() -> tuple[int, ...]:
    digits = platform.release().split("-")[0].split(".")[:2]
    return tuple(int(part) for part in digits if part.isdigit())
