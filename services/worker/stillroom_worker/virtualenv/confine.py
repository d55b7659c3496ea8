"""Building a package runs its author's code: keep that code away from the worker's files and processes.

Where bubblewrap works, every command of an installation sees an own process tree and only: the system's
programs, the interpreter, the export, and the folders that it has to write. The network stays, because the
index must be reached. Where it does not work, the installation runs as the worker's user, and says so.
"""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt")
_ETC = (
    "ssl",
    "pki",
    "ca-certificates",
    "resolv.conf",
    "hosts",
    "nsswitch.conf",
    "passwd",
    "group",
    "alternatives",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "mime.types",
)
_BWRAP = shutil.which("bwrap", path="/usr/local/bin:/usr/bin:/bin")
_PRLIMIT = shutil.which("prlimit", path="/usr/bin:/bin")
_LIMITS = ("--fsize=8589934592", "--cpu=3600", "--core=0", "--nofile=4096")


@dataclass(frozen=True, kw_only=True)
class Confinement:
    """What the commands of one installation may see. `active` False: they run unconfined."""

    active: bool
    readable: tuple[Path, ...] = ()
    writable: tuple[Path, ...] = ()

    def around(self, argv: Sequence[str], cwd: Path) -> list[str]:
        """Put the confinement and the limits in front of an argv."""
        limited = [_PRLIMIT, *_LIMITS, "--", *argv] if _PRLIMIT else list(argv)
        if not self.active or _BWRAP is None:
            return limited
        words = [_BWRAP, "--unshare-all", "--share-net", "--unshare-user", "--uid", "65534", "--gid", "65534"]
        words += ["--die-with-parent", "--cap-drop", "ALL", "--hostname", "install"]
        words += ["--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]  # noqa: S108  a new one, inside
        words += _system_mounts()
        for path in self.readable:
            words += ["--ro-bind", str(path), str(path)]
        for path in self.writable:
            words += ["--bind", str(path), str(path)]
        return [*words, "--chdir", str(cwd), "--", *limited]


def _system_mounts() -> list[str]:
    words: list[str] = []
    for name in _SYSTEM:
        path = Path(name)
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            words += ["--ro-bind", name, name]
    for name in _ETC:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return words


_answers: dict[str, bool] = {}


async def can_confine() -> bool:
    """Tell, by trying once, whether this host lets the worker confine an installation."""
    if _BWRAP is None:
        return False
    if "bwrap" not in _answers:
        argv = Confinement(active=True).around(["/usr/bin/env", "true"], Path("/"))
        process = await asyncio.create_subprocess_exec(
            *argv,
            env={},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        _answers["bwrap"] = await process.wait() == 0
    return _answers["bwrap"]
