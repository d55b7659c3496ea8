"""The only way out of a cell in which git talks to its server: to the one judged address, whatever is asked for."""

from __future__ import annotations

import asyncio

from stillroom_core.projects.git_address import GitUrl
from stillroom_worker.egress.outlet import HEAD_BYTES, HEAD_END, Outlet, answer, join, read_head

_PATIENCE = 10.0


class WayToServer(Outlet):
    """Leads to `address` at the port of `location`.

    For https it is a proxy that takes `CONNECT` for that very host and port; for ssh it is the connection itself.
    Either way git proves to itself whom it reached, by certificate or host key under the host's own name.
    `failure` says in a program's words why the last connection did not come about.
    """

    def __init__(self, location: GitUrl, address: str) -> None:
        super().__init__()
        self.failure = ""
        self._location = location
        self._address = address
        host = f"[{location.host}]" if ":" in location.host else location.host
        self._asked = f"CONNECT {host}:{location.port} HTTP/1.1".lower()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tunnel = self._location.scheme == "https"
        if tunnel:
            asked = (await read_head(reader)).split(b"\r\n", 1)[0].decode("ascii").lower()
            if asked != self._asked:
                await answer(writer, "403 Forbidden")
                return
        try:
            async with asyncio.timeout(_PATIENCE):
                theirs, answers = await asyncio.open_connection(self._address, self._location.port, limit=HEAD_BYTES)
        except (OSError, TimeoutError) as error:
            why = "Connection timed out" if isinstance(error, TimeoutError) else error.strerror or str(error)
            self.failure = f"Failed to connect to {self._location.host} port {self._location.port}: {why}"
            if tunnel:
                await answer(writer, "502 Bad Gateway")
            return
        try:
            if tunnel:
                writer.write(b"HTTP/1.1 200 OK" + HEAD_END)
            await join(reader, writer, theirs, answers)
        finally:
            answers.close()
