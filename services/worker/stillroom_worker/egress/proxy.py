"""The proxy of one job: takes its connections, checks its token, and joins them to the one database."""

import asyncio
import hmac
import secrets
import ssl
import struct
from collections import deque
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from stillroom_core.outbound.addresses import Address
from stillroom_worker.egress import wire
from stillroom_worker.egress.channel import Channel
from stillroom_worker.egress.failures import Failure, UpstreamFailed, certificate_distrusted, too_many, wrong_token
from stillroom_worker.egress.listen import SOCKET_NAME, listen_at
from stillroom_worker.egress.target import Target, resolve
from stillroom_worker.egress.tls import inside_context
from stillroom_worker.egress.upstream import Session, Upstream

MAX_CONNECTIONS = 20
# Clients that have not shown the token are counted apart: they cannot take the places of those that have.
MAX_STRANGERS = 40
START_UP_SECONDS = 10.0
CANCEL_SECONDS = 10.0

# Taken from the target or refused, whatever the client says. Every other name is a setting, which the server
# judges by the rights of the user that we sign in as.
_OWN_PARAMETERS = frozenset({"user", "database", "replication"})


class DatabaseProxy:
    """One job's way to its database: `async with DatabaseProxy(target, socket_dir, token) as proxy`.

    Clients find it at `<socket_dir>/.s.PGSQL.5432` and, with `tcp=True`, at 127.0.0.1:`port`; they show
    `token` as their password, and get the target's user and database whatever they ask for. `allow` judges
    every address of the target once, at the start; entering raises EgressRefused where it says no. `in_touch`
    is asked before anything is passed on: a worker that slept past its lease, while somebody else looked at the
    database and trusted it again, must not let a single statement of its job through. `session_name` is what
    every session is called from its start, so that somebody else can end them.
    """

    def __init__(
        self,
        target: Target,
        socket_dir: Path,
        token: str,
        *,
        tcp: bool = False,
        allow: Callable[[Address], bool] | None = None,
        cleartext_allowed: bool = False,
        in_touch: Callable[[], bool] = lambda: True,
        session_name: str = "",
        max_connections: int = MAX_CONNECTIONS,
        start_up_seconds: float = START_UP_SECONDS,
    ) -> None:
        self.port = 0
        self.socket_dir = socket_dir
        self._target = target
        self._token = token.encode()
        self._tcp = tcp
        self._allow = allow
        self._cleartext_allowed = cleartext_allowed
        self._in_touch = in_touch
        self._session_name = session_name
        self._max_connections = max_connections
        self._start_up_seconds = start_up_seconds
        self._failures: deque[Failure] = deque(maxlen=50)
        self._servers: list[asyncio.Server] = []
        # The event loop keeps only weak references to tasks.
        self._tasks: set[asyncio.Task[None]] = set()
        self._sessions: dict[int, tuple[bytes, Session]] = {}
        self._seen_pids: set[int] = set()
        self._joined = 0
        self._upstream: Upstream | None = None

    @property
    def backend_pids(self) -> frozenset[int]:
        """Process ids, on the server, of the connections that are open now."""
        return frozenset(self._sessions)

    @property
    def all_backend_pids(self) -> frozenset[int]:
        """Process ids of every connection that this job ever had."""
        return frozenset(self._seen_pids)

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Why connections did not come about, oldest first; the last fifty."""
        return tuple(self._failures)

    async def __aenter__(self) -> "DatabaseProxy":
        addresses = await resolve(self._target, self._allow)
        self._upstream = Upstream(self._target, addresses, cleartext_allowed=self._cleartext_allowed)
        loop = asyncio.get_running_loop()
        listener = listen_at(self.socket_dir)
        self._servers.append(await loop.create_unix_server(self._new_channel, sock=listener))
        if self._tcp:
            server = await loop.create_server(self._new_channel, "127.0.0.1", 0)
            self._servers.append(server)
            self.port = int(server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End every connection and stop listening. What a backend still does for this job is cancelled."""
        for server in self._servers:
            server.close()
        self._servers.clear()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        (self.socket_dir / SOCKET_NAME).unlink(missing_ok=True)

    async def cancel_backends(self) -> None:
        """Ask the server to cancel what each open connection of this job is doing now."""
        await asyncio.gather(*(self._cancel(session) for _, session in self._sessions.values()))

    # --- one connection

    def _new_channel(self) -> asyncio.Protocol:
        return _ClientChannel(self._start)

    def _start(self, channel: Channel) -> None:
        if len(self._tasks) >= self._max_connections + MAX_STRANGERS or not self._in_touch():
            channel.abort()
            return
        task = asyncio.get_running_loop().create_task(self._serve(channel))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, client: Channel) -> None:
        """Take one connection from its first byte to its end, and close both sides whatever happens."""
        try:
            parameters = await self._welcome(client)
            if parameters is not None:
                await self._join(client, parameters)
        except UpstreamFailed as failed:
            self._refuse(client, failed.failure, failed.response)
        except wire.ProtocolViolation as error:
            self._refuse(client, Failure(code="protocol", sqlstate="08P01", message=str(error)))
        except TimeoutError:
            text = "The connection did not sign in in time."
            self._refuse(client, Failure(code="timed_out", sqlstate="08P01", message=text))
        except ConnectionError:
            pass  # it hung up
        finally:
            await client.close()

    async def _welcome(self, client: Channel) -> dict[str, str] | None:
        """Read the start-up and demand the token. None where the connection only carried a cancel request."""
        async with asyncio.timeout(self._start_up_seconds):
            parameters = await self._read_startup(client)
            if parameters is None:
                return None
            client.write(wire.ASK_CLEARTEXT_PASSWORD)
            kind, body = await client.read_message(limit=4096)
            if kind != b"p" or not hmac.compare_digest(body.rstrip(b"\0"), self._token):
                raise UpstreamFailed(wrong_token())
            return parameters

    async def _read_startup(self, client: Channel) -> dict[str, str] | None:
        for _ in range(3):  # at most one GSSENCRequest, one SSLRequest, then the message itself
            code, body = await _read_untyped(client)
            if code == wire.GSSENC_REQUEST:
                client.write(b"N")
                continue
            if code == wire.SSL_REQUEST:
                await self._encrypt(client)
                continue
            if code == wire.CANCEL_REQUEST:
                await self._forward_cancel(body)
                return None
            if code >> 16 != wire.PROTOCOL_3:
                raise wire.ProtocolViolation("Only version 3 of PostgreSQL's protocol is spoken here.")
            return _accepted(client, code, wire.parse_startup(body))
        raise wire.ProtocolViolation("The connection never starts.")

    async def _encrypt(self, client: Channel) -> None:
        """Code that insists on TLS gets it; what it cannot get is a certificate that it trusts."""
        client.write(b"S")
        try:
            await client.start_tls(inside_context(), None, server=True)
        except (OSError, ssl.SSLError):
            self._failures.append(certificate_distrusted())
            raise ConnectionResetError("The client does not accept the certificate.") from None

    async def _join(self, client: Channel, parameters: dict[str, str]) -> None:
        if self._joined >= self._max_connections:
            raise UpstreamFailed(too_many(self._max_connections))
        self._joined += 1
        try:
            named = {**parameters, "application_name": self._session_name} if self._session_name else parameters
            session = await self._sign_in(client, named)
            await self._pass_on(client, session)
        finally:
            self._joined -= 1

    async def _sign_in(self, client: Channel, parameters: dict[str, str]) -> Session:
        """Sign in at the target, and give up when the client does."""
        assert self._upstream is not None  # noqa: S101 - nothing listens before it is there
        signing_in = asyncio.get_running_loop().create_task(self._upstream.sign_in(parameters))
        waiting: set[asyncio.Future[Session] | asyncio.Future[None]] = {signing_in, client.closed}
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            if not signing_in.done():
                raise ConnectionResetError("The client hung up.")
            return signing_in.result()
        finally:
            signing_in.cancel()

    async def _pass_on(self, client: Channel, session: Session) -> None:
        """Give the client a cancel key of its own, then pass bytes on until one side ends."""
        secret = secrets.token_bytes(4)
        self._sessions[session.pid] = (secret, session)
        self._seen_pids.add(session.pid)
        key = wire.backend_key(session.pid, secret)
        try:
            client.write(wire.AUTHENTICATION_OK + session.greeting + key + session.ready)
            client.may_speak = self._in_touch
            client.splice(session.channel)
            await asyncio.wait({client.closed, session.channel.closed}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            await self._part(client, session)

    async def _part(self, client: Channel, session: Session) -> None:
        try:
            left_properly = client.said_goodbye and not session.channel.is_working
            if not session.channel.closed.done() and not left_properly:
                # A client that was killed leaves its statement running on the server, with its locks. In doubt
                # it is cancelled: that does nothing to a backend which is idle.
                await self._cancel(session)
        finally:
            self._sessions.pop(session.pid, None)
            await session.channel.close()

    async def _forward_cancel(self, body: bytes) -> None:
        """Pass a cancel request on, for a backend of this job and with the key that its client was given."""
        if len(body) < 8:
            return
        (pid,) = struct.unpack("!I", body[:4])
        secret, session = self._sessions.get(pid, (b"", None))
        if session is not None and hmac.compare_digest(secret, body[4:]):
            await self._cancel(session)

    async def _cancel(self, session: Session) -> None:
        assert self._upstream is not None  # noqa: S101 - there is a session, so it signed in through this
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                await self._upstream.cancel(session.number, session.secret)
        except UpstreamFailed as failed:
            self._failures.append(failed.failure)
        except TimeoutError:
            self._failures.append(
                Failure(code="timed_out", sqlstate="08001", message="The server did not take a cancel request.")
            )

    def _refuse(self, client: Channel, failure: Failure, response: bytes | None = None) -> None:
        """Say why, in the server's own words where it gave some."""
        self._failures.append(failure)
        client.write(response or wire.error_response(failure.sqlstate, failure.message, failure.fix))


class _ClientChannel(Channel):
    """A channel that announces itself once it is connected."""

    def __init__(self, announce: Callable[[Channel], None]) -> None:
        super().__init__()
        self._announce = announce

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._announce(self)


async def _read_untyped(client: Channel) -> tuple[int, bytes]:
    length, code = struct.unpack("!II", await client.read_exactly(8))
    if not 8 <= length <= wire.STARTUP_LIMIT:
        raise wire.ProtocolViolation("The start-up message is too long, or is none.")
    return code, await client.read_exactly(length - 8)


def _accepted(client: Channel, code: int, asked: dict[str, str]) -> dict[str, str]:
    """Keep the settings of a start-up; answer what belongs to versions after 3.0 as the protocol says."""
    options = [name for name in asked if name.startswith("_pq_.")]
    if options or code & 0xFFFF:
        client.write(wire.negotiate_version(options))
    kept = {n: v for n, v in asked.items() if n not in _OWN_PARAMETERS and n not in options}
    if "options" in kept:
        kept["options"] = wire.safe_options(kept["options"])
    return kept
