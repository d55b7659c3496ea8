"""The listener at the only way out of a cell that has no network: a socket inside, a choice of ours outside.

What a cell without a database is let reach (package indexes, one git server) is found where a job finds its
database: at the socket in `folder`, or at `port` of loopback where a cell shares the host's network.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from types import TracebackType
from typing import Self

from stillroom_worker.egress.listen import listen_at

HEAD_BYTES = 64 * 1024
HEAD_END = b"\r\n\r\n"
PATIENCE = 20.0
_CHUNK = 256 * 1024
_MOST_CONNECTIONS = 256


class Outlet:
    """`async with` it, then `folder` or `port`; whoever inherits says in `_serve` what one connection leads to."""

    def __init__(self) -> None:
        self.port = 0
        self.folder = Path()
        self._servers: list[asyncio.Server] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self.folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="stillroom-way-"))
        self.folder.chmod(0o755)
        listener = listen_at(self.folder)
        self._servers.append(await asyncio.start_unix_server(self._take, sock=listener, limit=HEAD_BYTES))
        self._servers.append(await asyncio.start_server(self._take, "127.0.0.1", 0, limit=HEAD_BYTES))
        self.port = int(self._servers[1].sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.to_thread(shutil.rmtree, self.folder, ignore_errors=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        raise NotImplementedError

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(self._tasks) >= _MOST_CONNECTIONS:
            writer.close()
            return
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # whoever asked sees a connection that ends; it was theirs
        except asyncio.CancelledError:
            # The cell is over. Not passed on: the streams' own callback would log it as a mistake.
            if self._servers:
                raise
        finally:
            self._tasks.discard(task)
            writer.close()


async def read_head(reader: asyncio.StreamReader) -> bytes:
    """The head of one HTTP request, its empty line included; raises TimeoutError and what a stream raises."""
    async with asyncio.timeout(PATIENCE):
        return await reader.readuntil(HEAD_END)


async def answer(writer: asyncio.StreamWriter, status: str) -> None:
    """Say with one status line that nothing comes of it."""
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close".encode() + HEAD_END)
    await writer.drain()


async def join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    their_reader: asyncio.StreamReader,
    their_writer: asyncio.StreamWriter,
) -> None:
    """Pass both ways of one connection on; it ends when either does."""
    await _first_of(_pump(reader, their_writer), _pump(their_reader, writer))


async def _first_of(*ways: Coroutine[None, None, None]) -> None:
    tasks = [asyncio.ensure_future(way) for way in ways]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while piece := await reader.read(_CHUNK):
            writer.write(piece)
            await writer.drain()
