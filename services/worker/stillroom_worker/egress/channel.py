"""One side of a proxied connection: read exactly while signing in, then pass bytes on as they come.

A protocol class of our own, because passing bytes from `data_received` to the other transport costs one
turn of the event loop less in each direction than streams do, and every statement pays it twice.
"""

import asyncio
import ssl
import struct
from collections.abc import Callable

from stillroom_worker.egress.tunnel import Passage
from stillroom_worker.egress.wire import MESSAGE_LIMIT, READY_FOR_QUERY, TERMINATE, ProtocolViolation

LINGER_SECONDS = 5.0
TAIL = 6  # bytes: as long as ReadyForQuery


class Channel(asyncio.Protocol):
    """A connection with two lives: `read_exactly` until `splice`, afterwards only the peer."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._buffer = bytearray()
        self._wanted = 0
        self._arrival: asyncio.Future[None] | None = None
        self._peer: Channel | None = None
        self._tail = b""
        self._spoke_last = False
        # Asked before every word that is passed on; where it says no, the connection ends.
        self.may_speak: Callable[[], bool] | None = None
        # What it goes through on its way to a database behind an SSH server.
        self.passage: Passage | None = None

    # --- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - tells mypy what asyncio promises
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        peer = self._peer
        if peer is not None:
            if self.may_speak is not None and not self.may_speak():
                self.abort()
                return
            self._tail = (self._tail + data[-TAIL:])[-TAIL:]
            if data != TERMINATE:
                self._spoke_last, peer._spoke_last = True, False
            peer.write(data)
            return
        self._buffer += data
        if self._arrival is not None and not self._arrival.done() and len(self._buffer) >= self._wanted:
            self._arrival.set_result(None)
        elif self._arrival is None and len(self._buffer) > MESSAGE_LIMIT and self.transport is not None:
            self.transport.pause_reading()  # somebody sends while it is not their turn

    def eof_received(self) -> bool:
        return False  # both directions end together

    def connection_lost(self, exc: Exception | None) -> None:
        if self._arrival is not None and not self._arrival.done():
            self._arrival.set_exception(ConnectionResetError("The connection was closed."))
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        if self._peer is not None and self._peer.transport is not None:
            self._peer.transport.pause_reading()

    def resume_writing(self) -> None:
        peer = self._peer
        if peer is not None and peer.transport is not None and not peer.transport.is_closing():
            peer.transport.resume_reading()

    # --- what the proxy calls

    def write(self, data: bytes) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.transport.write(data)

    async def read_exactly(self, count: int) -> bytes:
        """Raise ConnectionError when the other side closes before `count` bytes have come."""
        if len(self._buffer) < count:
            if self.transport is None or self.closed.done():
                raise ConnectionResetError("The connection was closed.")
            self.transport.resume_reading()
            self._wanted = count
            self._arrival = asyncio.get_running_loop().create_future()
            try:
                await self._arrival
            finally:
                self._arrival = None
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    async def read_message(self, limit: int = MESSAGE_LIMIT) -> tuple[bytes, bytes]:
        """Read one typed message; raise ProtocolViolation when it is longer than `limit`."""
        head = await self.read_exactly(5)
        (length,) = struct.unpack("!I", head[1:])
        if not 4 <= length <= limit:
            raise ProtocolViolation(f"A message of {length} bytes is not expected here.")
        return head[:1], await self.read_exactly(length - 4)

    async def start_tls(self, context: ssl.SSLContext, hostname: str | None, *, server: bool = False) -> None:
        """Put TLS below. Bytes that came in clear before it are an injection and end the connection."""
        if self._buffer or self.transport is None:
            raise ProtocolViolation("The other side sent data before the TLS handshake.")
        loop = asyncio.get_running_loop()
        upgraded = await loop.start_tls(self.transport, self, context, server_side=server, server_hostname=hostname)
        if upgraded is None:
            raise ConnectionResetError("The connection was closed during the TLS handshake.")
        self.transport = upgraded

    def splice(self, peer: "Channel") -> None:
        """From now on everything goes to the peer, and back."""
        for here, there in ((self, peer), (peer, self)):
            here._peer = there
            waiting, here._buffer = bytes(here._buffer), bytearray()
            if waiting:
                here._tail, here._spoke_last = waiting[-TAIL:], True
                there.write(waiting)
        for side in (self, peer):
            if side.transport is not None and not side.transport.is_closing():
                side.transport.resume_reading()

    @property
    def encrypted(self) -> bool:
        return self.transport is not None and self.transport.get_extra_info("ssl_object") is not None

    @property
    def said_goodbye(self) -> bool:
        """Whether the last thing that came from this client was Terminate."""
        return self._tail.endswith(TERMINATE)

    @property
    def is_working(self) -> bool:
        """Whether this server still owes an answer: the last word on the line was not its ReadyForQuery."""
        return not (self._spoke_last and self._tail[:-1].endswith(READY_FOR_QUERY))

    async def close(self) -> None:
        """Send what is still waiting, then close; one that does not read is dropped after some seconds."""
        if self.transport is None:
            return
        self.transport.close()
        try:
            await asyncio.wait({self.closed}, timeout=LINGER_SECONDS)
        finally:
            if not self.closed.done():
                self.transport.abort()

    def abort(self) -> None:
        if self.transport is not None:
            self.transport.abort()
