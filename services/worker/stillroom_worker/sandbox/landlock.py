"""The level without namespaces of files and processes: Landlock's rules, and a network of its own if it may."""

import functools
import os
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stillroom_worker.sandbox import bwrap, slots, trusted
from stillroom_worker.sandbox.descriptors import Descriptors
from stillroom_worker.sandbox.inside.confine import landlock_version

# Signals and abstract unix sockets are limited from this version on (Linux 6.12). Below it a tenant's process
# could kill the worker, or talk to whatever listens under an abstract name: refused without exception.
NEEDED_VERSION = 6

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64")
_ETC = ("ld.so.cache", "localtime", "ssl/certs", "alternatives", "passwd", "group", "nsswitch.conf", "hosts")
_DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")


def version() -> int:
    """The version of this kernel's Landlock; 0 without one."""
    return landlock_version()


@functools.cache
def has_own_network() -> bool:
    """Whether a process may have a network namespace here. Tried once, in a process of its own.

    A root worker tries as nobody: root may have what a job's own uid may not.
    """
    identity: dict[str, Any] = {}
    if os.geteuid() == 0 and slots.is_public(trusted.interpreter()):
        identity = {"user": bwrap.NOBODY, "group": bwrap.NOBODY, "extra_groups": []}
    with Descriptors() as descriptors:
        archive = descriptors.hold(trusted.archive())
        argv = [str(trusted.interpreter()), "-I", "-S", f"/proc/self/fd/{archive}", "--try-network"]
        done = subprocess.run(
            argv,
            env={},
            cwd="/",
            check=False,
            pass_fds=descriptors.passed,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=20,
            **identity,
        )
    return done.returncode == 0


def paths(read_only: Sequence[Path], writable: Sequence[Path], private: Path | None) -> dict[str, Any]:
    """The rules about files, as the warden takes them."""
    read = [*_SYSTEM, *(f"/etc/{name}" for name in _ETC), *map(str, read_only)]
    write = [*_DEVICES, *map(str, writable)]
    if private is not None:
        read.append(str(private / "files"))
        write.append(str(private / "tmp"))
    return {"read": read, "write": write}
