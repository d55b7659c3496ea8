"""Becomes another program that does not outlive its parent. Run by path, with the standard library only.

    python -I -S guard.py <parent pid> <signal> <identity> -- <program> [arguments…]

`identity` is ``keep``, ``drop:<uid>:<gid>`` or ``map:<uid>``. ``map`` enters a user namespace in which
we are seen under that uid: PostgreSQL refuses to run as root, and where it cannot become somebody else
(the project lies below a folder that only root may enter) this is what is left.

It is a program and not a `preexec_fn` because code between fork and exec of a threaded process can
deadlock, and because a change of identity clears the parent-death signal: the order matters, and here it
is written down once.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
CLONE_NEWUSER = 0x10000000


def main(arguments: list[str]) -> None:
    parent, ending, identity, dash, *command = arguments
    if dash != "--" or not command:
        raise SystemExit("guard: expected -- and a program")
    _reset_signals()
    _become(identity)
    _die_with_parent(int(parent), int(ending))
    os.execv(command[0], command)  # noqa: S606  the whole point


def _reset_signals() -> None:
    # A shell that starts us in the background makes SIGINT ignored, and that is inherited through exec.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGQUIT, signal.SIGHUP, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _become(identity: str) -> None:
    how, _, rest = identity.partition(":")
    if how == "drop":
        uid, gid = (int(part) for part in rest.split(":"))
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    elif how == "map":
        _appear_as(int(rest))


def _appear_as(uid: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    outer_uid, outer_gid = os.getuid(), os.getgid()
    if libc.unshare(CLONE_NEWUSER) != 0:
        raise SystemExit("guard: user namespaces are not allowed here")
    for name, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{uid} {outer_gid} 1"),
    ):
        with open("/proc/self/" + name, "w") as file:  # noqa: PTH123
            file.write(text)


def _die_with_parent(parent: int, ending: int) -> None:
    if not sys.platform.startswith("linux"):
        return  # elsewhere the next start finds the recorded process and ends it
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ending, 0, 0, 0)
    if os.getppid() != parent:  # it died before the line above
        raise SystemExit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
