"""The self-test's prisoner: tries every way out that it knows, and reports those that are open.

Run as text inside a cell by the worker's interpreter with `-I -S`, in place of a tenant's program. It harms
nothing where a wall is missing: its targets are canaries that the self-test has put up.
"""

import contextlib
import ctypes
import errno
import fcntl
import json
import os
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

_CLONE_NEWUSER = 0x10000000
_PR_GET_SECCOMP, _PR_GET_NO_NEW_PRIVS = 21, 39
_FAMILIES = {"netlink": 16, "packet": 17, "alg": 38, "vsock": 40}
_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    request_fd, events_fd = int(sys.argv[1]), int(sys.argv[2])
    with os.fdopen(request_fd, "rb") as file:
        asked = json.load(file)
    found = open_doors(asked, {0, 1, 2, events_fd}) if asked["confined"] else []
    if not reaches_database(asked["database"]):
        found.append("the database's proxy is not reachable from inside")
    os.write(events_fd, json.dumps(found).encode() + b"\n")


def open_doors(asked: dict[str, Any], descriptors: set[int]) -> list[str]:
    """What a program here can do that it must not, as half-sentences."""
    doors: dict[str, Callable[[], bool]] = {
        "another process's environment can be read": reads_environment,
        "a file outside can be read": lambda: bool(Path(asked["canary"]).read_bytes()),
        "a folder outside can be listed": lambda: bool(os.listdir(Path(asked["canary"]).parent)),  # noqa: PTH208
        "the checkout can be written": lambda: Path(asked["checkout"], "x").write_bytes(b"x") == 1,
        "a port of the host's loopback is reachable": lambda: connects(socket.AF_INET, ("127.0.0.1", asked["port"])),
        "a unix socket outside is reachable": lambda: connects(socket.AF_UNIX, asked["socket"]),
        "an abstract unix socket outside is reachable": lambda: connects(socket.AF_UNIX, "\0" + asked["abstract"]),
        "there is a route to other hosts": has_route,
        "the worker can be sent signals": lambda: asked["own_pids"] is False and signals(asked["worker"]),
        "capabilities are left": has_capabilities,
        "new privileges can be had": lambda: _libc.prctl(_PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1,
        "system calls are not filtered": lambda: _libc.prctl(_PR_GET_SECCOMP, 0, 0, 0, 0) != 2,
        "descriptors of the worker are open": lambda: bool(open_descriptors() - descriptors),
        "a user namespace can be made": lambda: allowed(_libc.unshare, _CLONE_NEWUSER),
        "file systems can be mounted": lambda: allowed(_libc.mount, b"none", b"/tmp", b"tmpfs", 0, None),
        "processes can be traced": lambda: allowed(_libc.ptrace, 0, 0, 0, 0),
        "io_uring is there": lambda: allowed(_libc.syscall, 425, 1, None),
        "mounts can be cloned": lambda: allowed(_libc.syscall, 428, -100, b"/", 1),
        "descriptors of others can be taken": lambda: allowed(_libc.syscall, 438, -1, 0, 0),
    }
    for name, number in _FAMILIES.items():
        doors[f"sockets of the {name} family can be made"] = lambda number=number: makes_socket(number)  # type: ignore[misc]
    return [name for name, is_open in doors.items() if succeeds(is_open)]


def succeeds(is_open: Callable[[], bool]) -> bool:
    try:
        return is_open()
    except OSError:
        return False


def reads_environment() -> bool:
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        with contextlib.suppress(OSError):
            if (process / "environ").read_bytes():
                return True
    return False


def connects(family: int, target: Any) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as handle:
        handle.settimeout(2)
        handle.connect(target)
        return True


def has_route() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        handle.connect(("192.0.2.1", 9))  # a documentation address; connecting a datagram socket sends nothing
        return True


def makes_socket(family: int) -> bool:
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET, socket.SOCK_RAW):
        try:
            socket.socket(family, kind).close()
        except OSError as error:
            if error.errno == errno.EAFNOSUPPORT:
                return False  # by the filter, or because this kernel has none
        else:
            return True
    return False


def signals(pid: int) -> bool:
    os.kill(pid, 0)
    return True


def has_capabilities() -> bool:
    header, data = struct.pack("Ii", 0x20080522, 0), ctypes.create_string_buffer(24)
    _libc.capget(header, data)
    effective, permitted, inheritable, *more = struct.unpack("6I", data.raw)
    return any((effective, permitted, inheritable, *more))


def allowed(call: Callable[..., int], *arguments: Any) -> bool:
    """Whether the kernel looked at the call at all, instead of refusing it by name."""
    ctypes.set_errno(0)
    return not (call(*arguments) < 0 and ctypes.get_errno() in (errno.EPERM, errno.ENOSYS))


def open_descriptors() -> set[int]:
    found = set()
    for number in range(1024):
        with contextlib.suppress(OSError):
            fcntl.fcntl(number, fcntl.F_GETFD)
            found.add(number)
    return found


def reaches_database(database: dict[str, Any]) -> bool:
    """Whether both addresses that the tenant's code is told lead to the canary that says `here`."""
    places: list[tuple[int, Any]] = [(socket.AF_INET, (database["host"], database["port"]))]
    if database["socket"]:
        places.append((socket.AF_UNIX, database["socket"]))
    for family, target in places:
        try:
            with socket.socket(family, socket.SOCK_STREAM) as handle:
                handle.settimeout(5)
                handle.connect(target)
                handle.sendall(b"who")
                if handle.recv(16) != b"here":
                    return False
        except OSError:
            return False
    return True


if __name__ == "__main__":
    main()
