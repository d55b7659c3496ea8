"""The nouns of this room: how strong the walls are, what one process may see, and how large it may grow."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

GIB = 1024**3
MIB = 1024**2


class Level(StrEnum):
    """How a tenant's process is kept, strongest first."""

    BWRAP = "bwrap"
    LANDLOCK = "landlock"
    BARE = "bare"


STRENGTH = (Level.BWRAP, Level.LANDLOCK, Level.BARE)


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much one job may take.

    `memory_bytes` and `processes` bound the whole job where a control group can be had. Without one, memory
    is bounded per process by `address_space_bytes` only: what a process maps, not what it uses, so it stands
    far above any migration's need (numpy alone maps more than a GiB). `processes` also holds per uid, where
    the job has one of its own or a user namespace. `file_bytes` is one file, `tmp_bytes` the whole of /tmp
    (bwrap level only); `cpu_seconds` is per process.
    """

    memory_bytes: int = 2 * GIB
    processes: int = 256
    file_bytes: int = 256 * MIB
    cpu_seconds: int = 3600
    open_files: int = 1024
    tmp_bytes: int = 256 * MIB
    address_space_bytes: int = 4 * GIB


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one process may see. Two descriptor numbers are appended to `argv`: request, events.

    `files` are secret files by their path below the folder that the program finds in $STILLROOM_FILES.
    `interpreters` are the prefixes of the Python installations that the program is made of, from the worker's own
    knowledge. `writable` folders keep what is written after the cell's end; such a cell has the worker's uid.
    `stdin` is all that the program reads from its standard input.
    `takes_request` False: a program that knows nothing of the two descriptors, and is not told them.
    `cwd` and the program lie below `read_only`, `writable` or the system's own folders. `database_socket` is the
    folder of the proxy's socket; `database_port` its loopback port, used where the cell shares the host's network.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    read_only: tuple[Path, ...]
    writable: tuple[Path, ...] = ()
    interpreters: tuple[Path, ...] = ()
    files: Mapping[str, bytes] = field(default_factory=dict, repr=False)
    database_socket: Path | None = None
    database_port: int = 0
    request: bytes = field(default=b"", repr=False)
    stdin: bytes = field(default=b"", repr=False)
    takes_request: bool = True
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where the tenant's code finds its database; without a `socket_dir` only by host and port."""

    host: str
    port: int
    socket_dir: Path | None


class SandboxUnavailable(Exception):
    """No level that is strong enough holds on this host."""

    def __init__(self, reason: str, fix: str) -> None:
        super().__init__(f"{reason} {fix}".strip())
        self.reason = reason
        self.fix = fix


class CellFailed(Exception):
    """This cell could not be started; the program did not run. The texts are meant for people."""

    code = "cell_failed"
    title = "The sandbox could not be made."
    fix = "Tell the operator of the worker."

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.detail = reason
