"""A piece of network between a client and a server that a test can cut."""

from __future__ import annotations

import asyncio
import contextlib

# Seconds until a server has asked three times and heard nothing.
PROBED = 30.0


class Relay:
    """Forwards TCP to a local port; `cut` ends every connection as a broken cable would."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._writers: set[asyncio.StreamWriter] = set()
        self._backs: dict[asyncio.StreamWriter, asyncio.StreamWriter] = {}  # to the server, with that to the client
        self._tasks: set[asyncio.Task[None]] = set()
        self.accepted = 0
        self.closed = False
        self._open = asyncio.Event()
        self._open.set()

    async def __aenter__(self) -> Relay:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        self.url = f"http://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:  # some wait for a network that never comes back
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Resets every connection; new ones are taken at once."""
        for writer in self._writers:
            writer.transport.abort()

    def close(self) -> None:
        """Resets every connection and every new one, until `reopen`: the server is away."""
        self.closed = True
        self.cut()

    def swallow(self) -> None:
        """Lets nothing through in either direction and closes nothing, until `reopen`: the network is away."""
        self._open.clear()

    def forget(self) -> None:
        """Lets nothing more through on the connections that there are, and tells nobody; new ones work.

        What a router does that lost its table, or threw out what was idle for long. The server, whose sessions of ours
        probe (stillroom_core.silence), ends its side after PROBED; the client must find out by itself.
        """
        forgotten, self._open = self._open, asyncio.Event()
        self._open.set()
        forgotten.clear()
        servers = list(self._backs)
        asyncio.get_running_loop().call_later(PROBED, lambda: [server.transport.abort() for server in servers])

    def reopen(self) -> None:
        """Everything is as it was; what was held back arrives."""
        self.closed = False
        self._open.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        passing = self._open
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        if self.closed:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.transport.abort()
            return
        self._writers |= {writer, back}
        self._backs[back] = writer
        try:
            with contextlib.suppress(OSError):
                await asyncio.gather(self._pump(reader, back, passing), self._pump(there, writer, passing))
        finally:
            self._writers -= {writer, back}
            self._backs.pop(back, None)
            writer.transport.abort()
            back.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passing: asyncio.Event) -> None:
        """One direction to its end; a reset ends both, but it travels on the same line as everything else."""
        try:
            while data := await reader.read(65_536):
                await passing.wait()
                if self._keeps(data, writer):
                    continue
                writer.write(data)
                await writer.drain()
        except OSError:
            await passing.wait()
            raise
        await passing.wait()
        writer.write_eof()

    def _keeps(self, _data: bytes, _writer: asyncio.StreamWriter) -> bool:
        """Whether a piece is not passed on."""
        return False


class LosingRelay(Relay):
    """Cuts the connection on which a client sends `word`: before the server has heard it, or when it has answered.

    With `all_of_them` every other connection is cut at that moment too, and no new one is taken.
    """

    def __init__(self, port: int, word: bytes, *, heard: bool, all_of_them: bool = False) -> None:
        super().__init__(port)
        self._word, self._heard, self._all_of_them = word, heard, all_of_them
        self._waiting: set[asyncio.StreamWriter] = set()
        self.lost = 0

    def _keeps(self, data: bytes, writer: asyncio.StreamWriter) -> bool:
        client = self._backs.get(writer)
        if client is None and writer not in self._waiting:
            return False
        if client is not None and self._word not in data:
            return False
        if client is not None and self._heard:
            self._waiting.add(client)
            return False
        self._lose(client or writer)
        return True

    def lose(self) -> None:
        """Cuts those who wait for the answer to the word, before it comes."""
        for client in tuple(self._waiting):
            self._lose(client)

    def _lose(self, client: asyncio.StreamWriter) -> None:
        self._waiting.discard(client)
        self.lost += 1
        if self._all_of_them:
            self.close()
        for back, front in self._backs.items():
            if front is client:
                back.transport.abort()
                front.transport.abort()
