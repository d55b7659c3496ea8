"""The unix socket at which a job's drivers expect a PostgreSQL server."""

import os
import socket
from pathlib import Path

SOCKET_NAME = ".s.PGSQL.5432"
SOCKET_PATH_LIMIT = 107  # sizeof(sockaddr_un.sun_path) - 1


def listen_at(socket_dir: Path, name: str = SOCKET_NAME) -> socket.socket:
    """Listen at `<socket_dir>/<name>`, also where that path is longer than a socket's name may be."""
    socket_dir.mkdir(mode=0o755, parents=True, exist_ok=True)
    path = socket_dir / name
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listener.setblocking(False)
    folder = os.open(socket_dir, os.O_PATH | os.O_DIRECTORY)
    try:
        short = f"/proc/self/fd/{folder}/{name}"
        listener.bind(str(path) if len(os.fsencode(path)) <= SOCKET_PATH_LIMIT else short)
    except OSError:
        listener.close()
        raise
    finally:
        os.close(folder)
    # The job may run under another uid; what protects the database is the token.
    path.chmod(0o666)
    return listener
