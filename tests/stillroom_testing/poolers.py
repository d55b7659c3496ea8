"""Poolers before a PostgreSQL: a small one of our own that is always there, and pgbouncer where it is installed."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from pathlib import Path

from stillroom_cli.embedded.ports import any_free
from stillroom_testing.servers import DatabaseAddress
from stillroom_worker.egress import Target, wire
from stillroom_worker.egress.upstream import Session, Upstream

PGBOUNCER = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin:/usr/local/bin")
NO_PGBOUNCER = "no pgbouncer on this machine: apt-get install pgbouncer"
_KNOWN = {"user", "database", "application_name", "client_encoding"}


class Pooler:
    """Takes every client without a password, and gives a session of the server for a transaction or for all its life.

    What pgbouncer does with pool_mode = transaction, or session, as far as clients can see it: cancel keys of its
    own, no settings on signing in, the session that was let go last is given first.
    """

    def __init__(self, target: DatabaseAddress, mode: str) -> None:
        given = Target(
            host=target.host,
            port=target.port,
            database=target.database,
            user=target.user,
            password=target.password,
            sslmode="disable",
        )
        self._upstream = Upstream(given, [ip_address("127.0.0.1")], cleartext_allowed=True)
        self._mode = mode
        self._idle: list[Session] = []
        self._at_work: dict[bytes, Session] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client from its first byte to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def end(self) -> None:
        """Ends every client and every session."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for session in self._idle:
            session.channel.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        length, code = struct.unpack("!II", await reader.readexactly(8))
        if code == wire.SSL_REQUEST:
            writer.write(b"N")
            length, code = struct.unpack("!II", await reader.readexactly(8))
        body = await reader.readexactly(length - 8)
        if code == wire.CANCEL_REQUEST:
            if session := self._at_work.get(body):
                await self._upstream.cancel(session.number, session.secret)
            return
        for name in wire.parse_startup(body).keys() - _KNOWN:
            writer.write(wire.error_response("08P01", f"unsupported startup parameter: {name}"))
            return
        await self._deal(reader, writer)

    async def _deal(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """From the welcome on: gives a session at the first word, takes it back when nothing is owed on it."""
        key = secrets.token_bytes(8)
        session = await self._take()
        writer.write(wire.AUTHENTICATION_OK + session.greeting + wire.message(b"K", key) + session.ready)
        self._idle.append(session)
        owed = 0

        async def answer(session: Session) -> None:
            nonlocal owed
            while True:
                kind, body = await session.channel.read_message(limit=1 << 24)
                writer.write(wire.message(kind, body))
                if kind == b"Z":
                    owed -= 1
                    if owed == 0 and body == b"I" and self._mode == "transaction":
                        self._idle.append(self._at_work.pop(key))
                        return

        answering = None
        try:
            while True:
                kind, sent = await _message(reader)
                if kind == b"X":
                    return
                if key not in self._at_work:
                    self._at_work[key] = await self._take()
                    answering = asyncio.create_task(answer(self._at_work[key]))
                owed += kind in (b"Q", b"S")
                self._at_work[key].channel.write(wire.message(kind, sent))
        finally:
            if key in self._at_work:
                self._at_work.pop(key).channel.abort()
            if answering is not None:
                answering.cancel()
                await asyncio.gather(answering, return_exceptions=True)

    async def _take(self) -> Session:
        return self._idle.pop() if self._idle else await self._upstream.sign_in({})


async def _message(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    kind, length = struct.unpack("!cI", await reader.readexactly(5))
    return kind, await reader.readexactly(length - 4)


@asynccontextmanager
async def pooler_before(target: DatabaseAddress, mode: str) -> AsyncIterator[int]:
    """The port of a pooler of our own."""
    pooler = Pooler(target, mode)
    server = await asyncio.start_server(pooler.serve, "127.0.0.1", 0)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()
        await pooler.end()


@asynccontextmanager
async def pgbouncer_before(target: DatabaseAddress, mode: str) -> AsyncIterator[int]:
    """The port of a pgbouncer that lets everybody in."""
    assert PGBOUNCER
    folder = Path(tempfile.mkdtemp(prefix="stillroom-pgbouncer-"))
    folder.chmod(0o755)
    port = any_free()
    signs_in = f"host={target.host} port={target.port} user={target.user} password='{target.password}'"
    lines = ["[databases]", f"* = {signs_in}", "[pgbouncer]", "listen_addr = 127.0.0.1", f"listen_port = {port}"]
    lines += ["auth_type = any", f"pool_mode = {mode}", "unix_socket_dir =", "default_pool_size = 12"]
    (folder / "config.ini").write_text("\n".join(lines) + "\n")
    argv = [PGBOUNCER, str(folder / "config.ini")]
    # It refuses to run as root.
    identity = {"user": "nobody", "group": "nogroup", "extra_groups": []} if os.geteuid() == 0 else {}
    process = subprocess.Popen(argv, stderr=subprocess.DEVNULL, cwd="/", **identity)  # type: ignore[call-overload]
    try:
        await _listens(port)
        yield port
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait)
        shutil.rmtree(folder, ignore_errors=True)


async def _listens(port: int) -> None:
    deadline = time.monotonic() + 10
    while True:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.02)
        else:
            writer.close()
            return
