"""The proxy's own connection to the target: the pinned address, TLS by sslmode, and signing in."""

import asyncio
import hashlib
import ssl
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stillroom_core.outbound.addresses import Address
from stillroom_worker.egress import wire
from stillroom_worker.egress.channel import Channel
from stillroom_worker.egress.failures import (
    UpstreamFailed,
    about_certificate,
    broken_off,
    method_refused,
    server_said,
    tls_refused,
    tunnel_failed,
    unreachable,
)
from stillroom_worker.egress.scram import MECHANISM, ScramClient, ScramFailed
from stillroom_worker.egress.target import Target
from stillroom_worker.egress.tls import tls_context
from stillroom_worker.egress.tunnel import open_passage
from stillroom_worker.egress.tunnel_words import TunnelFailed

CONNECT_SECONDS = 15.0
SIGN_IN_SECONDS = 20.0

_AUTH_OK, _AUTH_CLEARTEXT, _AUTH_MD5, _AUTH_SASL, _AUTH_SASL_CONTINUE, _AUTH_SASL_FINAL = 0, 3, 5, 10, 11, 12


@dataclass(frozen=True, kw_only=True)
class Session:
    """A connection on which the server said ReadyForQuery."""

    channel: Channel
    pid: int  # of its process on the server
    number: int  # what a cancel request has to name; a pooler's own, where one stands between
    secret: bytes
    greeting: bytes  # ParameterStatus and notices, as the server sent them
    ready: bytes


class Upstream:
    """Makes connections to one target, always to an address from the one resolution."""

    def __init__(self, target: Target, addresses: Sequence[Address], *, cleartext_allowed: bool) -> None:
        self._target = target
        self._addresses = tuple(addresses)
        self._cleartext_allowed = cleartext_allowed
        self._context = tls_context(target)

    async def sign_in(self, parameters: Mapping[str, str]) -> Session:
        """Connect, authenticate, and read up to the first ReadyForQuery. Raises UpstreamFailed."""
        channel = await self.connect()
        try:
            async with asyncio.timeout(SIGN_IN_SECONDS):
                channel.write(wire.startup(self._own(parameters)))
                await self._authenticate(channel)
                session = await _greeting(channel)
                return replace(session, pid=await _process(channel)) if self._target.pooled else session
        except BaseException as error:
            await _blame_tunnel(channel, error)
            channel.abort()
            if self._target.client_pem and isinstance(error, ConnectionError):
                # Since TLS 1.3 a server judges our certificate when the handshake is over for us, and only hangs up.
                why = "the server hung up after the handshake; it may not know who issued the certificate."
                raise UpstreamFailed(tls_refused(self._target, why)) from None
            if isinstance(error, (OSError, TimeoutError, wire.ProtocolViolation)):
                raise UpstreamFailed(broken_off(error)) from None
            raise

    async def cancel(self, pid: int, secret: bytes) -> None:
        """Ask the server to cancel what one backend does; it never answers, it only closes."""
        channel = await self.connect()
        channel.write(wire.cancel_request(pid, secret))
        await asyncio.wait({channel.closed}, timeout=CONNECT_SECONDS)
        channel.abort()

    async def connect(self) -> Channel:
        """A connection with TLS settled, before any message. Raises UpstreamFailed."""
        channel = await self._reach()
        if self._context is None:
            return channel
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                channel.write(wire.SSL_REQUEST_PACKET)
                answer = await channel.read_exactly(1)
                if answer == b"S":
                    await channel.start_tls(self._context, self._target.host)
                    return channel
                if answer != b"N":
                    raise wire.ProtocolViolation("the answer to the TLS request is neither yes nor no")  # noqa: TRY301
        except BaseException as error:
            await _blame_tunnel(channel, error)
            channel.abort()
            if isinstance(error, ssl.SSLCertVerificationError):
                raise UpstreamFailed(tls_refused(self._target, about_certificate(error))) from None
            if isinstance(error, (OSError, TimeoutError, wire.ProtocolViolation)):
                raise UpstreamFailed(tls_refused(self._target, f"the handshake failed: {error}")) from None
            raise
        if self._target.sslmode == "prefer":
            return channel
        channel.abort()
        raise UpstreamFailed(tls_refused(self._target, "the server does not offer it."))

    async def _reach(self) -> Channel:
        loop = asyncio.get_running_loop()
        trouble: Exception | None = None
        for address in self._addresses:
            try:
                if self._target.tunnel:
                    return await self._through_tunnel(address)
                async with asyncio.timeout(CONNECT_SECONDS):
                    _, channel = await loop.create_connection(Channel, str(address), self._target.port)
            except (OSError, TimeoutError) as error:
                trouble = error
                continue
            self._addresses = (address,)
            return channel
        raise UpstreamFailed(unreachable(self._target, trouble))

    async def _through_tunnel(self, address: Address) -> Channel:
        try:
            passage = await open_passage(self._target, address)
        except TunnelFailed as failed:
            raise UpstreamFailed(tunnel_failed(failed)) from None
        _, channel = await asyncio.get_running_loop().create_connection(Channel, sock=passage.socket)
        channel.passage = passage
        return channel

    def _own(self, parameters: Mapping[str, str]) -> dict[str, str]:
        return {"user": self._target.user, "database": self._target.database, **parameters}

    async def _authenticate(self, channel: Channel) -> None:
        """Answer what the server asks for, until it says that this is enough."""
        while True:
            kind, body = await channel.read_message()
            if kind == b"E":
                raise UpstreamFailed(server_said(body), wire.message(b"E", body))
            if kind == b"N":
                continue
            if kind != b"R" or len(body) < 4:
                raise wire.ProtocolViolation("The database server does not answer the sign-in.")
            (method,) = struct.unpack("!I", body[:4])
            if method == _AUTH_OK:
                return
            if method == _AUTH_SASL:
                await self._scram(channel, body[4:])
            elif method == _AUTH_MD5 and len(body) == 8:
                channel.write(wire.message(b"p", self._md5(body[4:])))
            elif method == _AUTH_CLEARTEXT:
                channel.write(wire.message(b"p", self._cleartext(channel)))
            else:
                raise UpstreamFailed(method_refused("The server asks for a way to sign in other than a password."))

    async def _scram(self, channel: Channel, mechanisms: bytes) -> None:
        if MECHANISM.encode() not in mechanisms.split(b"\0"):
            raise UpstreamFailed(method_refused("The server offers no SCRAM-SHA-256."))
        exchange = ScramClient(self._target.password)
        first = exchange.first()
        channel.write(wire.message(b"p", MECHANISM.encode() + b"\0" + struct.pack("!I", len(first)) + first))
        try:
            challenge = await _sasl(channel, _AUTH_SASL_CONTINUE)
            channel.write(wire.message(b"p", await asyncio.to_thread(exchange.final, challenge)))
            exchange.verify(await _sasl(channel, _AUTH_SASL_FINAL))
        except ScramFailed as error:
            raise UpstreamFailed(method_refused(str(error))) from None

    def _md5(self, salt: bytes) -> bytes:
        secret = self._target.password.encode() + self._target.user.encode()
        inner = hashlib.md5(secret).hexdigest().encode()  # noqa: S324 - the server chose the method
        return b"md5" + hashlib.md5(inner + salt).hexdigest().encode() + b"\0"  # noqa: S324

    def _cleartext(self, channel: Channel) -> bytes:
        encrypted = channel.transport is not None and channel.transport.get_extra_info("ssl_object") is not None
        if not encrypted and not self._cleartext_allowed:
            raise UpstreamFailed(
                method_refused("The server asks for the password in clear over a connection without TLS.")
            )
        return self._target.password.encode() + b"\0"


async def _blame_tunnel(channel: Channel, error: BaseException) -> None:
    """Raises UpstreamFailed where a connection broke because of the tunnel that it went through."""
    if channel.passage and isinstance(error, ConnectionError) and (why := await channel.passage.why()):
        channel.abort()
        raise UpstreamFailed(tunnel_failed(why)) from None


async def _greeting(channel: Channel) -> Session:
    greeting, pid, secret = b"", 0, b""
    while len(greeting) < wire.MESSAGE_LIMIT:
        kind, body = await channel.read_message()
        if kind == b"E":
            raise UpstreamFailed(server_said(body), wire.message(b"E", body))
        if kind == b"K" and len(body) >= 8:
            (pid,) = struct.unpack("!I", body[:4])
            secret = body[4:]
        elif kind in (b"S", b"N"):
            greeting += wire.message(kind, body)
        elif kind == b"Z":
            ready = wire.message(kind, body)
            return Session(channel=channel, pid=pid, number=pid, secret=secret, greeting=greeting, ready=ready)
        else:
            raise wire.ProtocolViolation("The database server's greeting cannot be read.")
    raise wire.ProtocolViolation("The database server's greeting does not end.")


async def _process(channel: Channel) -> int:
    """The number of the session's process, in the server's own words. Raises UpstreamFailed."""
    channel.write(wire.message(b"Q", b"select pg_catalog.pg_backend_pid()\0"))
    number = 0
    while True:
        kind, body = await channel.read_message()
        if kind == b"E":
            raise UpstreamFailed(server_said(body), wire.message(b"E", body))
        if kind == b"D":
            number = int(body[6:])  # behind the count of columns and the length of the one there is
        elif kind == b"Z":
            return number


async def _sasl(channel: Channel, expected: int) -> bytes:
    kind, body = await channel.read_message()
    if kind == b"E":
        raise UpstreamFailed(server_said(body), wire.message(b"E", body))
    # AuthenticationOk in place of the proof would be a server that does not know the password.
    if kind != b"R" or body[:4] != struct.pack("!I", expected):
        raise ScramFailed("The server left the SCRAM exchange before it proved that it knows the password.")
    return body[4:]
