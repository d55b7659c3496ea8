"""What the tenant's process gives up before its program starts. None of it can be taken back."""

import base64
import ctypes
import errno
import os
import resource
import stat
import struct
from typing import Any

from . import kernel

# include/uapi/linux/landlock.h
_FILE_RIGHTS = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # execute, write, read, truncate, device ioctl
_ALL_RIGHTS = (1 << 16) - 1
_MAKE_DEVICES = 1 << 6 | 1 << 11  # character and block devices
_READ_RIGHTS = 1 << 0 | 1 << 2 | 1 << 3  # execute, read file, read directory
_WRITE_RIGHTS = _ALL_RIGHTS & ~_MAKE_DEVICES
_NET_BIND_TCP, _NET_CONNECT_TCP = 1 << 0, 1 << 1
_SCOPE_ABSTRACT_SOCKETS, _SCOPE_SIGNALS = 1 << 0, 1 << 1
_RULE_PATH, _RULE_PORT = 1, 2
_QUERY_VERSION = 1


def set_limits(limits: dict[str, int]) -> None:
    """Set hard limits by their names in `resource`, without the RLIMIT_ prefix."""
    for name, value in limits.items():
        which = getattr(resource, f"RLIMIT_{name}")
        _, ceiling = resource.getrlimit(which)
        bound = value if ceiling == resource.RLIM_INFINITY else min(value, ceiling)
        # One second between the two: SIGXCPU says why, SIGKILL follows for those who do not listen.
        hard = bound + 1 if name == "CPU" and ceiling in (resource.RLIM_INFINITY, bound + 1) else bound
        resource.setrlimit(which, (bound, hard))


def drop_capabilities() -> None:
    """Leave no capability in any set, and none to be had by executing a file."""
    for capability in range(64):
        try:
            kernel.prctl(kernel.PR_CAPBSET_DROP, capability)
        except OSError as error:
            if error.errno == errno.EINVAL:
                break  # past the last one that this kernel knows
            if error.errno != errno.EPERM:  # without CAP_SETPCAP there is nothing to drop them from
                raise
    kernel.prctl(kernel.PR_CAP_AMBIENT, kernel.PR_CAP_AMBIENT_CLEAR_ALL)
    kernel.capset(struct.pack("Ii", 0x20080522, 0), bytes(24))


def landlock_version() -> int:
    """The ABI of this kernel's Landlock; 0 without one."""
    try:
        return kernel.syscall(kernel.LANDLOCK_CREATE_RULESET, None, 0, _QUERY_VERSION)
    except OSError:
        return 0


def landlock(rules: dict[str, Any]) -> None:
    """Allow only these: `read` and `write` paths, and TCP to `connect` ports (None: TCP is not limited).

    Abstract unix sockets and signals reach only what was started under the same rules.
    """
    connect = rules["connect"]
    network = 0 if connect is None else _NET_BIND_TCP | _NET_CONNECT_TCP
    attributes = struct.pack("QQQ", _ALL_RIGHTS, network, _SCOPE_ABSTRACT_SOCKETS | _SCOPE_SIGNALS)
    ruleset = kernel.syscall(kernel.LANDLOCK_CREATE_RULESET, attributes, len(attributes), 0)
    for path in rules["read"]:
        _allow(ruleset, path, _READ_RIGHTS)
    for path in rules["write"]:
        _allow(ruleset, path, _WRITE_RIGHTS)
    for port in connect or ():
        kernel.syscall(kernel.LANDLOCK_ADD_RULE, ruleset, _RULE_PORT, struct.pack("QQ", _NET_CONNECT_TCP, port), 0)
    kernel.syscall(kernel.LANDLOCK_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        there = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return  # /lib64 and the like do not exist everywhere
    try:
        if not stat.S_ISDIR(os.fstat(there).st_mode):
            rights &= _FILE_RIGHTS
        rule = struct.pack("=Qi", rights, there)
        kernel.syscall(kernel.LANDLOCK_ADD_RULE, ruleset, _RULE_PATH, rule, 0)
    finally:
        os.close(there)


def no_new_privileges() -> None:
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)


def seccomp(program: str) -> None:
    """Load a filter that the worker compiled (base64 of struct sock_filter[])."""
    code = base64.b64decode(program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))
    holder = ctypes.create_string_buffer(header, len(header))
    pointer = ctypes.c_void_p(ctypes.addressof(holder))
    kernel.prctl_pointer(kernel.PR_SET_SECCOMP, 2, pointer)
