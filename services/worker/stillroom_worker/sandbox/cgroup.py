"""A control group per job, where the host lets the worker make one: the only bound on a job's memory as a whole."""

import contextlib
import os
import secrets
import signal
from dataclasses import dataclass
from pathlib import Path

from stillroom_worker.sandbox.cell import Limits

# The warden, bwrap's two processes, and their threads.
_OWN_PROCESSES = 8
_PREFIX = "stillroom-"


@dataclass(frozen=True)
class Cgroup:
    """One job's group; in version 1 a folder for each controller, in version 2 a single one."""

    memory: Path | None
    processes: Path | None
    unified: bool

    @property
    def folders(self) -> tuple[Path, ...]:
        return tuple(dict.fromkeys(folder for folder in (self.memory, self.processes) if folder))

    def add(self, pid: int) -> None:
        """Count a process, and all that it will start, to this group."""
        for folder in self.folders:
            (folder / "cgroup.procs").write_text(str(pid))

    def pids(self) -> set[int]:
        """The processes in it now."""
        found: set[int] = set()
        for folder in self.folders:
            with contextlib.suppress(OSError):
                found |= {int(line) for line in (folder / "cgroup.procs").read_text().split()}
        return found

    def out_of_memory(self) -> bool:
        """Whether the kernel killed a process of this job because the job was over its memory."""
        if self.memory is None:
            return False
        name = "memory.events" if self.unified else "memory.oom_control"
        try:
            lines = (self.memory / name).read_text().splitlines()
        except OSError:
            return False
        return any(line.startswith("oom_kill ") and line.split()[1] != "0" for line in lines)

    def kill(self) -> None:
        """Kill everything in it."""
        if self.unified:
            with contextlib.suppress(OSError):
                (self.folders[0] / "cgroup.kill").write_text("1")
        for pid in self.pids():
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)

    def remove(self) -> None:
        for folder in self.folders:
            with contextlib.suppress(OSError):
                folder.rmdir()


def create(limits: Limits) -> Cgroup | None:
    """Make a group with these limits; None where the host does not let us."""
    name = f"{_PREFIX}{os.getpid()}-{secrets.token_hex(4)}"
    try:
        base = _unified_base()
        made = _unified(base, name, limits) if base else _separate(name, limits)
    except OSError:
        return None
    return made if made and made.folders else None


def sweep() -> None:
    """Remove the empty groups of workers that were killed before they could."""
    for base in (_unified_base(), _parent("memory"), _parent("pids")):
        for folder in base.glob(f"{_PREFIX}*-*") if base else ():
            pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
            if pid.isdigit() and not Path("/proc", pid).exists():
                with contextlib.suppress(OSError):
                    folder.rmdir()


def _unified(base: Path, name: str, limits: Limits) -> Cgroup:
    folder = base / name
    folder.mkdir()
    try:
        (folder / "memory.max").write_text(str(limits.memory_bytes))
        with contextlib.suppress(OSError):
            (folder / "memory.swap.max").write_text("0")
        with contextlib.suppress(OSError):
            (folder / "memory.oom.group").write_text("1")
        with contextlib.suppress(OSError):
            (folder / "pids.max").write_text(str(limits.processes + _OWN_PROCESSES))
    except OSError:
        folder.rmdir()
        raise
    return Cgroup(memory=folder, processes=None, unified=True)


def _unified_base() -> Path | None:
    """The folder below which version 2 lets us make groups with a memory limit; None in version 1.

    A group that holds processes cannot hand controllers to groups below it, so where a manager delegated
    exactly our own group, we move into a leaf of it first.
    """
    own = _memberships().get("")
    mount = Path("/sys/fs/cgroup")
    if own is None or not (mount / "cgroup.controllers").exists():
        return None
    here = mount / own.lstrip("/")
    for folder in (here, here.parent):
        if folder.is_relative_to(mount) and _hands_down_memory(folder):
            return folder
    if not os.access(here / "cgroup.subtree_control", os.W_OK) or here == mount:
        return None
    leaf = here / "worker"
    leaf.mkdir(exist_ok=True)
    for pid in (here / "cgroup.procs").read_text().split():
        (leaf / "cgroup.procs").write_text(pid)
    (here / "cgroup.subtree_control").write_text("+memory +pids")
    return here


def _hands_down_memory(folder: Path) -> bool:
    try:
        handed = (folder / "cgroup.subtree_control").read_text().split()
    except OSError:
        return False
    return "memory" in handed and os.access(folder, os.W_OK)


def _separate(name: str, limits: Limits) -> Cgroup:
    memory = _controller("memory", name, {"memory.limit_in_bytes": limits.memory_bytes})
    if memory is not None:
        with contextlib.suppress(OSError):  # only where swap is accounted
            (memory / "memory.memsw.limit_in_bytes").write_text(str(limits.memory_bytes))
    processes = _controller("pids", name, {"pids.max": limits.processes + _OWN_PROCESSES})
    return Cgroup(memory=memory, processes=processes, unified=False)


def _controller(controller: str, name: str, settings: dict[str, int]) -> Path | None:
    parent = _parent(controller)
    if parent is None:
        return None
    folder = parent / name
    try:
        folder.mkdir()
    except OSError:
        return None
    try:
        for file, value in settings.items():
            (folder / file).write_text(str(value))
    except OSError:
        folder.rmdir()
        return None
    return folder


def _parent(controller: str) -> Path | None:
    """Our own group of a controller of version 1."""
    mount = Path("/sys/fs/cgroup") / controller
    own = _memberships().get(controller)
    if own is None or not (mount / "cgroup.procs").exists():
        return None
    folder = mount / own.lstrip("/")
    return folder if folder.is_dir() else mount  # in a container our own path may not be visible


def _memberships() -> dict[str, str]:
    """Our own group by controller; the empty name is version 2."""
    found: dict[str, str] = {}
    with contextlib.suppress(OSError):
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            for controller in controllers.split(","):
                found[controller] = path
    return found
