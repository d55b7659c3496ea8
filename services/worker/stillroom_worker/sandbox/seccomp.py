"""Which system calls a tenant's processes are refused, compiled to the kernel's filter language.

The default is to allow: a migration may load any library, and a list of what Python, numpy and libpq call
would break with each of their versions. Refused is what reaches outside a cell, makes namespaces, or is a
known door into the kernel and of no use to a migration.
"""

import errno
import os
import tempfile
from functools import cache
from types import ModuleType
from typing import Any

AF_UNIX, AF_INET, AF_INET6 = 1, 2, 10
_SOCK_STREAM, _SOCK_DGRAM, _SOCK_RAW, _SOCK_TYPE_MASK = 1, 2, 3, 0xF
_IPPROTO_TCP = 6
_MSG_FASTOPEN = 0x20000000
_INT = 0xFFFFFFFF  # the kernel reads these arguments as int: what stands in the upper half must not matter

# fmt: off
_DENIED = (
    "acct", "add_key", "bpf", "chroot", "clock_adjtime", "clock_settime", "create_module", "delete_module",
    "fanotify_init", "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "init_module", "ioperm", "iopl",
    "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "mbind", "migrate_pages", "mount",
    "mount_setattr", "move_mount", "move_pages", "name_to_handle_at", "nfsservctl", "open_by_handle_at",
    "open_tree", "perf_event_open", "personality", "pidfd_getfd", "pivot_root", "process_madvise",
    "process_vm_readv", "process_vm_writev", "ptrace", "quotactl", "reboot", "request_key", "set_mempolicy",
    "setdomainname", "sethostname", "setns", "settimeofday", "stime", "swapoff", "swapon", "sysfs", "syslog",
    "umount", "umount2", "unshare", "userfaultfd", "ustat", "vhangup", "vmsplice",
)
# Newer than the oldest libseccomp that we meet; these numbers are the same on every architecture.
_DENIED_BY_NUMBER = {
    "io_uring_setup": 425, "io_uring_enter": 426, "io_uring_register": 427, "quotactl_fd": 443,
    "memfd_secret": 447, "process_mrelease": 448, "set_mempolicy_home_node": 450, "statmount": 457,
    "listmount": 458, "lsm_get_self_attr": 459, "lsm_set_self_attr": 460, "lsm_list_modules": 461,
    "open_tree_attr": 467,
}
# Where files belong to the worker's own uid, Landlock does not cover changing whose they are or their mode,
# nor what one process may do to another's limits and priority, nor the IPC of System V and POSIX queues.
_OWNERS_AND_MODES = ("chmod", "chown", "fchmod", "fchmodat", "fchown", "fchownat", "lchown")
_OWNERS_AND_MODES_BY_NUMBER = {"fchmodat2": 452}
_DENIED_IN_SHARED_UID = (
    "setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "semget", "semop", "semctl",
    "semtimedop", "shmget", "shmat", "shmctl", "msgget", "msgsnd", "msgrcv", "msgctl", "mq_open", "mq_unlink",
)
_DENIED_IN_SHARED_UID_BY_NUMBER = {"setxattrat": 463, "removexattrat": 466}
# The first argument is a process; 0 is oneself.
_ONLY_ONESELF = ("prlimit64", "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity")
_NEW_NAMESPACES = (
    0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000,
)
# fmt: on


class SeccompMissing(Exception):
    """libseccomp cannot be loaded on this host."""


@cache
def bubblewrap_filter() -> bytes:
    """For a cell with namespaces: sockets of the unix and internet families, which lead nowhere else."""
    seccomp = _library()
    rules = _common(seccomp)
    _allow_families(seccomp, rules, (AF_UNIX, AF_INET, AF_INET6))
    return _export(rules)


@cache
def landlock_filter(*, own_network: bool, installs: bool = False) -> bytes:
    """For a cell that shares the host's file system and process table, and perhaps its network.

    No unix sockets at all: Landlock does not limit connecting to one by its path before Linux 7.1, and the
    database is reached by TCP. In a shared network only TCP is left, which Landlock limits to one port.
    `installs`: changing a mode does nothing and says that it did; installers give up otherwise.
    """
    seccomp = _library()
    rules = _common(seccomp)
    _allow_families(seccomp, rules, (AF_INET, AF_INET6))
    refuse = seccomp.ERRNO(errno.EPERM)
    _refuse_names(seccomp, rules, _DENIED_IN_SHARED_UID, _DENIED_IN_SHARED_UID_BY_NUMBER)
    _refuse_names(seccomp, rules, _OWNERS_AND_MODES, _OWNERS_AND_MODES_BY_NUMBER, 0 if installs else errno.EPERM)
    # A pair of datagram sockets can be pointed at any path afterwards; a pair of streams cannot.
    for kind in (_SOCK_DGRAM, _SOCK_RAW):
        _rule(seccomp, rules, refuse, "socketpair", (1, seccomp.MASKED_EQ, _SOCK_TYPE_MASK, kind))
    for name in _ONLY_ONESELF:
        _rule(seccomp, rules, refuse, name, (0, seccomp.NE, 0))
    for name in ("setpriority", "ioprio_set"):  # (which, who): only one process, and only oneself
        _rule(seccomp, rules, refuse, name, (1, seccomp.NE, 0))
        _rule(seccomp, rules, refuse, name, (0, seccomp.GT, 0 if name == "setpriority" else 1))
    if not own_network:
        _only_tcp(seccomp, rules)
    return _export(rules)


def _library() -> ModuleType:
    try:
        import pyseccomp
    except (ImportError, RuntimeError, OSError) as error:
        raise SeccompMissing(str(error)) from None
    return pyseccomp  # type: ignore[no-any-return]


def _common(seccomp: ModuleType) -> Any:
    rules = seccomp.SyscallFilter(defaction=seccomp.ALLOW)
    refuse = seccomp.ERRNO(errno.EPERM)
    _refuse_names(seccomp, rules, _DENIED, _DENIED_BY_NUMBER)
    for flag in _NEW_NAMESPACES:
        _rule(seccomp, rules, refuse, "clone", (0, seccomp.MASKED_EQ, flag, flag))
    # Its flags are in memory, where no filter can see them; glibc falls back to clone.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    for request in (0x5412, 0x541C):  # TIOCSTI and TIOCLINUX put words into a terminal's mouth
        _rule(seccomp, rules, refuse, "ioctl", (1, seccomp.MASKED_EQ, _INT, request))
    return rules


def _refuse_names(
    seccomp: ModuleType,
    rules: Any,
    names: tuple[str, ...],
    numbers: dict[str, int],
    answer: int = errno.EPERM,
) -> None:
    for name in names:
        if seccomp.resolve_syscall(seccomp.system_arch(), name) >= 0:  # negative: not of this architecture
            rules.add_rule(seccomp.ERRNO(answer), name)
    for number in numbers.values():
        rules.add_rule(seccomp.ERRNO(answer), number)


def _allow_families(
    seccomp: ModuleType,
    rules: Any,
    families: tuple[int, ...],
) -> None:
    """Refuse every other family, and every number with something in its upper half."""
    refuse = seccomp.ERRNO(errno.EAFNOSUPPORT)
    for family in range(max(families)):
        if family not in families:
            _rule(seccomp, rules, refuse, "socket", (0, seccomp.EQ, family))
    _rule(seccomp, rules, refuse, "socket", (0, seccomp.GT, max(families)))


def _only_tcp(seccomp: ModuleType, rules: Any) -> None:
    """Refuse datagrams, raw sockets and the stream protocols beside TCP, which Landlock does not see."""
    refuse = seccomp.ERRNO(errno.EPROTONOSUPPORT)
    for kind in range(_SOCK_TYPE_MASK + 1):
        if kind != _SOCK_STREAM:
            _rule(seccomp, rules, refuse, "socket", (1, seccomp.MASKED_EQ, _SOCK_TYPE_MASK, kind))
    for protocol in range(1, _IPPROTO_TCP):
        _rule(seccomp, rules, refuse, "socket", (2, seccomp.EQ, protocol))
    _rule(seccomp, rules, refuse, "socket", (2, seccomp.GT, _IPPROTO_TCP))
    # Fast open connects without connect(): a way round the rule about ports.
    for name, argument in (("sendto", 3), ("sendmsg", 2), ("sendmmsg", 3)):
        flag = (argument, seccomp.MASKED_EQ, _MSG_FASTOPEN, _MSG_FASTOPEN)
        _rule(seccomp, rules, seccomp.ERRNO(errno.EOPNOTSUPP), name, flag)


def _rule(
    seccomp: ModuleType,
    rules: Any,
    action: int,
    name: str,
    comparison: tuple[int, ...],
) -> None:
    rules.add_rule(action, name, seccomp.Arg(*comparison))


def _export(rules: Any) -> bytes:
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0, os.SEEK_SET)
        return file.read()
