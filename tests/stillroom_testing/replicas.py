"""A PostgreSQL with streaming replicas, from the embedded server's own programs."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from stillroom_cli.embedded import THROWAWAY, start_postgres
from stillroom_cli.embedded.postgres import PostgresServer as Embedded
from stillroom_testing import servers
from stillroom_testing.waiting import until

# As in operation, a commit is in the log before it is seen; and the test's word alone decides what is replayed when.
_SETTINGS = {**THROWAWAY, "synchronous_commit": "on", "max_standby_streaming_delay": "-1"}


@dataclass(frozen=True)
class Replicated:
    """A primary with its replicas."""

    primary: servers.PostgresServer
    replicas: list[servers.PostgresServer]
    processes: list[Embedded]

    def __getitem__(self, number: int) -> servers.PostgresServer:
        return self.replicas[number]

    async def replayed(self, number: int = 0) -> None:
        """Waits until a replica has everything that was committed before."""
        place = asked(self.primary, "select pg_current_wal_flush_lsn()::text")
        await until(lambda: asked(self[number], f"select pg_last_wal_replay_lsn() >= '{place}'"))

    async def pause(self, number: int = 0) -> None:
        """From here on a replica replays nothing, until `resume`."""
        asked(self[number], "select pg_wal_replay_pause()")
        await until(lambda: asked(self[number], "select pg_get_wal_replay_pause_state() = 'paused'"))

    def resume(self, number: int = 0) -> None:
        """It goes on, from where it was."""
        asked(self[number], "select pg_wal_replay_resume()")


def asked(server: servers.PostgresServer, statement: str) -> object:
    """The first value of an answer to the administrator."""
    with psycopg.connect(server.admin_url("postgresql"), autocommit=True) as connection:
        cursor = connection.execute(statement.encode())
        row = cursor.fetchone() if cursor.description else None
        return row[0] if row else None


@contextmanager
def replicated(replicas: int = 1) -> Iterator[Replicated]:
    """A primary, and so many replicas that stream from it."""
    password = secrets.token_hex(8)
    with ExitStack() as stack:
        primary = start_postgres(_room(stack), password=password, settings=_SETTINGS)
        stack.callback(primary.stop)
        processes = [primary]
        for _ in range(replicas):
            folder = _room(stack)
            copy(primary, folder, password)
            processes.append(start_postgres(folder, password=password, settings=_SETTINGS))
            stack.callback(processes[-1].stop)
        ours = [servers.PostgresServer(one.host, one.port, one.user, password) for one in processes]
        yield Replicated(ours[0], ours[1:], processes)


def copy(primary: Embedded, folder: Path, password: str) -> None:
    """Puts a replica that streams from the primary into a folder, ready to be started there."""
    argv = [
        *(primary.binaries.program("pg_basebackup"), "--pgdata", str(folder / "data"), "--write-recovery-conf"),
        *("--wal-method=stream", "--checkpoint=fast", "--no-sync"),
        *("--host", primary.host, "--port", str(primary.port), "--username", primary.user),
    ]
    subprocess.run(argv, env={"PATH": os.defpath, "PGPASSWORD": password}, check=True, capture_output=True)
    owner = (primary.folder / "data").stat()
    for path in (folder, *folder.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _room(stack: ExitStack) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="stillroom-test-"))
    folder.chmod(0o711)  # where tests run as root, PostgreSQL runs as somebody who must enter
    stack.callback(shutil.rmtree, folder, ignore_errors=True)
    return folder
