"""The arguments of bubblewrap for one cell: a file system from nothing, and every namespace its own.

They go through a descriptor: what stands in bwrap's own argv can be read inside, at /proc/1/cmdline.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stillroom_worker.sandbox.cell import MIB

ARCHIVE = Path("/run/stillroom/inside.pyz")
FILES = Path("/run/stillroom/files")
SOCKET_DIR = Path("/run/db")
HOME = Path("/tmp")  # noqa: S108 - the cell's own
NOBODY = 65534

# Anything the program may need by a fixed name. The uid has no name inside otherwise, and libpq looks it up.
_ETC: Mapping[str, bytes] = {
    "passwd": b"job:x:65534:65534:job:/tmp:/bin/sh\n",
    "group": b"job:x:65534:\n",
    "nsswitch.conf": b"passwd: files\ngroup: files\nhosts: files\n",
    "hosts": b"127.0.0.1 localhost\n",
}
_ETC_FROM_HOST = ("ld.so.cache", "localtime", "ssl/certs", "alternatives")


@dataclass(frozen=True, kw_only=True)
class Variant:
    """What of bubblewrap works on this host; inside containers not everything does."""

    disable_userns: bool = True
    proc: bool = True
    own_uid: bool = True


# Without the flag seccomp still denies new namespaces; without /proc the program sees an empty one; without a
# uid of its own the job of a root worker stays root outside its namespace, with no capability and no root's files.
VARIANTS = tuple(
    Variant(disable_userns=disable_userns, proc=proc, own_uid=own_uid)
    for own_uid in (True, False)
    for proc in (True, False)
    for disable_userns in (True, False)
)


@dataclass(frozen=True, kw_only=True)
class Room:
    """What is laid into the cell. Every path stands inside where it stands outside."""

    read_only: tuple[Path, ...]
    writable: tuple[Path, ...]
    files: Mapping[str, bytes]
    archive: bytes
    socket_dir: Path | None
    tmp_bytes: int


def variants() -> tuple[Variant, ...]:
    """Those that differ for this worker; only root can give a uid away."""
    return tuple(variant for variant in VARIANTS if variant.own_uid or os.geteuid() == 0)


_chosen = [VARIANTS[0]]


def chosen() -> Variant:
    """The variant that the self-test of this process proved; the full one before any test."""
    return _chosen[0]


def choose(variant: Variant) -> None:
    _chosen[0] = variant


def program() -> str | None:
    """The path of bwrap; None where it is not installed."""
    return shutil.which("bwrap")


def arguments(room: Room, variant: Variant, *, seccomp_fd: int, hold: Callable[[bytes], int]) -> list[str]:
    """Everything before the command. `hold` keeps some bytes in a descriptor that bwrap will inherit."""
    words = ["--unshare-all", "--unshare-user", "--uid", str(NOBODY), "--gid", str(NOBODY)]
    if variant.disable_userns:
        words += ["--disable-userns", "--assert-userns-disabled"]
    words += ["--die-with-parent", "--new-session", "--cap-drop", "ALL"]
    words += ["--hostname", "sandbox", "--clearenv"]
    words += _system()
    words += ["--proc", "/proc"] if variant.proc else ["--tmpfs", "/proc"]
    words += ["--dev", "/dev"]
    words += ["--perms", "1777", "--size", str(room.tmp_bytes), "--tmpfs", "/tmp"]  # noqa: S108
    words += ["--size", str(16 * MIB), "--tmpfs", "/dev/shm"]  # noqa: S108
    # Only now what may lie below /tmp: a later mount would cover an earlier one.
    for path in room.read_only:
        words += ["--ro-bind", str(path), str(path)]
    for path in room.writable:
        words += ["--bind", str(path), str(path)]
    for name, content in _ETC.items():
        words += _file(hold(content), Path("/etc") / name, "0444")
    words += _file(hold(room.archive), ARCHIVE, "0444")
    words += ["--perms", "0700", "--dir", str(FILES)]
    for place, content in room.files.items():
        words += _file(hold(content), FILES / place, "0400")
    if room.socket_dir is not None:
        words += ["--ro-bind", str(room.socket_dir), str(SOCKET_DIR)]
    return [*words, "--seccomp", str(seccomp_fd), "--remount-ro", "/"]


def outermost(paths: Iterable[Path]) -> tuple[Path, ...]:
    """Leave out what is there already: /usr, and what lies below another.

    Never a mount point below a tenant's tree: bubblewrap before 0.12 followed links there, out to the host.
    """
    given = sorted({Path(os.path.normpath(path)) for path in paths}, key=lambda path: len(path.parts))
    kept: list[Path] = []
    for path in given:
        if not path.is_absolute() or len(path.parts) < 2:
            raise ValueError(f"{path} cannot be laid into a cell.")
        if path.is_relative_to("/usr") or any(path.is_relative_to(wider) for wider in kept):
            continue
        kept.append(path)
    return tuple(kept)


def _system() -> list[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("bin", "sbin", "lib", "lib32", "lib64"):
        path = Path("/") / name
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    words += ["--dir", "/etc"]
    for name in _ETC_FROM_HOST:
        words += ["--ro-bind-try", f"/etc/{name}", f"/etc/{name}"]
    return words


def _file(descriptor: int, path: Path, mode: str) -> list[str]:
    return ["--perms", mode, "--file", str(descriptor), str(path)]
