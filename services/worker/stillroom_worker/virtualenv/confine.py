"""Building a package runs its author's code: it gets the walls of a job, and one way out to the package indexes.

The same sandbox as for jobs, at the same level, with what an installation needs beside: folders to write in,
and a proxy (`way_out.py`) instead of a database's.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stillroom_core.outbound.addresses import Network
from stillroom_worker.sandbox import Cell, Level, Limits, address
from stillroom_worker.virtualenv.way_out import WayOut

_GIB = 1024**3
# Compilers map and write much more than a migration does.
_LIMITS = Limits(
    memory_bytes=4 * _GIB,
    processes=1024,
    file_bytes=8 * _GIB,
    cpu_seconds=3600,
    open_files=4096,
    tmp_bytes=_GIB,
    address_space_bytes=64 * _GIB,
)


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """How strong the walls of installations are, and which hosts give packages."""

    level: Level
    hosts: tuple[str, ...] = ()
    networks: tuple[Network, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Walls:
    """What the commands of one installation may see."""

    level: Level
    way_out: WayOut
    readable: tuple[Path, ...]
    writable: tuple[Path, ...]
    interpreters: tuple[Path, ...]

    def cell(self, argv: Sequence[str], env: Mapping[str, str], cwd: Path) -> Cell:
        """The cell of one command."""
        return Cell(
            argv=tuple(argv),
            env={**env, **self._proxies()},
            cwd=cwd,
            read_only=self.readable,
            writable=self.writable,
            interpreters=self.interpreters,
            database_socket=self.way_out.folder,
            database_port=self.way_out.port,
            takes_request=False,
            limits=_LIMITS,
        )

    def _proxies(self) -> dict[str, str]:
        if self.level is Level.BARE:
            return {}  # there is no wall that would make it use one
        place = address(self.level, database_port=self.way_out.port, database_socket=self.way_out.folder)
        url = f"http://{place.host}:{place.port}"
        names = ("http_proxy", "https_proxy", "all_proxy")
        return {
            **dict.fromkeys((*names, *(name.upper() for name in names)), url),
            **dict.fromkeys(("no_proxy", "NO_PROXY"), ""),
        }
