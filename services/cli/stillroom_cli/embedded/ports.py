"""Which TCP port of the loopback interface is free."""

from __future__ import annotations

import socket

LOOPBACK = "127.0.0.1"


def is_free(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could listen on this port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def any_free() -> int:
    """A port that the kernel says is free. For tests: it is chosen anew each time."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port


def first_free(start: int, tries: int = 200) -> int:
    """The first free port from `start` on: stays below the range that the kernel hands out to clients.

    A server whose address is remembered must not stand where an outgoing connection may sit at the next
    start.
    """
    for port in range(start, start + tries):
        if is_free(port):
            return port
    return any_free()
