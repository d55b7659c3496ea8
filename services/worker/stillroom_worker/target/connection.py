"""Connects to a target database as ourselves, never through a tenant's code."""

import ssl
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import asyncpg

from stillroom_core.outbound.addresses import Address
from stillroom_core.silence import ASK_SERVER_TO_PROBE, keep_alive
from stillroom_worker.egress import EgressRefused, Target
from stillroom_worker.egress.target import resolve
from stillroom_worker.egress.tls import tls_context
from stillroom_worker.egress.tunnel import TunnelLoop
from stillroom_worker.egress.tunnel_words import TunnelFailed
from stillroom_worker.failure import JobFailed
from stillroom_worker.target.pooler import is_pooled, refuse_shared
from stillroom_worker.target.reading import GLANCE_MS, LOCK_TIMEOUT_MS

CONNECT_WITHIN = timedelta(seconds=10)
# What we ask is small; a catalogue that does not answer in this time is in trouble of its own.
ANSWER_WITHIN = timedelta(seconds=20)

_SETTINGS: dict[str, int | str] = {
    "lock_timeout": 3000,
    "statement_timeout": int(ANSWER_WITHIN.total_seconds() * 1000),
    "idle_in_transaction_session_timeout": 10000,
}
# Of a session that only looks: a question of one statement needs no transaction around it that says so. Not behind a
# pooler, where whoever gets the session next might find it read-only.
_LOOKING = {
    **_SETTINGS,
    "lock_timeout": LOCK_TIMEOUT_MS,
    "statement_timeout": GLANCE_MS,
    "default_transaction_read_only": "on",
}

# What a statement of ours may raise when the server, the network or the user's rights fail it.
SESSION_BROKE = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)

# The system's own texts repeat addresses and differ between platforms.
_WHY: dict[type[BaseException], str] = {
    TimeoutError: "no answer",
    ConnectionRefusedError: "connection refused",
    ConnectionResetError: "the server closed the connection",
}


async def connect(
    target: Target, allow: Callable[[Address], bool], *, name: str, looks: bool = False
) -> "asyncpg.Connection":
    """An open connection that waits for no lock and never stays in a transaction; one that `looks` begins read-only.

    Raises JobFailed that names the cause and the fix; the password is in neither.
    """
    return (await reach(target, allow, name=name, looks=looks))[0]


async def reach(
    target: Target, allow: Callable[[Address], bool], *, name: str, looks: bool = False
) -> "tuple[asyncpg.Connection, Target]":
    """The same, and the target at the one address that answered: whoever goes on with it comes to the same place.

    Raises JobFailed too where a pooler stands there that gives nobody a session of their own.
    """
    try:
        addresses = await resolve(target, allow)
    except EgressRefused as refused:
        raise JobFailed.of(refused) from None
    for address in addresses[:-1]:
        try:
            return await _connect(target, address, name, looks=looks)
        except JobFailed as failed:
            if failed.code not in ("connect_failed", "tunnel_unreachable"):
                raise
    return await _connect(target, addresses[-1], name, looks=looks)


async def _connect(target: Target, address: Address, name: str, *, looks: bool) -> "tuple[asyncpg.Connection, Target]":
    """A session that is ours alone, with the settings that it keeps to."""
    session = await _sign_in(target, address, name)
    try:
        # First of all: what one sets behind a pooler may stay with others.
        pooled = await is_pooled(session)
        if pooled:
            await refuse_shared(session, target, lambda: _sign_in(target, address, name))
        await session.execute(_set(_LOOKING if looks and not pooled else _SETTINGS))
    except BaseException as cause:
        session.terminate()
        if isinstance(cause, SESSION_BROKE):
            raise JobFailed("server_refused", "The database server refused the connection.", str(cause)) from None
        raise
    return session, replace(target, addresses=(address,), pooled=pooled)


def _set(settings: dict[str, int | str]) -> str:
    """By a statement and not on signing in, where poolers refuse what they do not know; by one for all of them."""
    more = "".join(f", pg_catalog.set_config('{name}', '{value}', false)" for name, value in settings.items())
    return ASK_SERVER_TO_PROBE + more


async def _sign_in(target: Target, address: Address, name: str) -> "asyncpg.Connection":
    try:
        session = await _dial(target, address, name)
        keep_alive(session._transport)
    except asyncpg.InvalidPasswordError as cause:
        raise JobFailed(
            "auth_failed",
            "The database refused the user or the password.",
            str(cause),
            "Correct user and password in the database's settings.",
        ) from None
    except asyncpg.InvalidAuthorizationSpecificationError as cause:
        raise JobFailed(
            "auth_failed",
            "The database does not let this user in.",
            str(cause),
            "Check the client certificate in the database's settings: its CN must be the user's, or mapped to it."
            if "certificate" in str(cause)
            else "Check the user, and the server's pg_hba.conf for this address.",
        ) from None
    except asyncpg.InvalidCatalogNameError as cause:
        raise JobFailed(
            "no_such_database",
            "The server has no such database.",
            str(cause),
            "Correct the database's name in its settings, or create it on the server.",
        ) from None
    except ssl.SSLError as cause:
        raise JobFailed(
            "tls_refused",
            "No encrypted connection to the database.",
            f"{target.host}: {cause.reason or 'TLS failed'}",
            "Check the sslmode and the certificates in the database's settings.",
        ) from None
    except (OSError, TimeoutError) as cause:
        if "SSL" in str(cause):  # asyncpg says so in a ConnectionError of its own
            raise JobFailed(
                "tls_refused",
                "No encrypted connection to the database.",
                f"{target.host}: the server does not offer it.",
                "Switch TLS on at the server, or choose another sslmode in the database's settings.",
            ) from None
        reason = _WHY.get(type(cause), "no connection")
        raise JobFailed(
            "connect_failed",
            "The database is not reachable.",
            f"{target.host}:{target.port}: {reason}",
            "Check host and port, and that the server accepts connections from the worker's address.",
        ) from None
    except asyncpg.PostgresError as cause:
        if target.client_pem and isinstance(cause, asyncpg.ConnectionDoesNotExistError):
            # Since TLS 1.3 a server judges our certificate when the handshake is over for us, and only hangs up.
            raise JobFailed(
                "tls_refused",
                "No encrypted connection to the database.",
                f"{target.host}: the server hung up after the handshake; it may not know who issued the certificate.",
                "Check the sslmode and the certificates in the database's settings.",
            ) from None
        raise JobFailed("server_refused", "The database server refused the connection.", str(cause)) from None
    return session


async def _dial(target: Target, address: Address, name: str) -> "asyncpg.Connection":
    """A session that is signed in; raises what the driver raises, and JobFailed where the tunnel is to blame."""
    way = TunnelLoop(target, address) if target.tunnel else None
    try:
        return await asyncpg.connect(
            host=str(address),
            port=target.port,
            user=target.user,
            password=target.password or None,
            database=target.database,
            ssl=_tls(target),
            timeout=CONNECT_WITHIN.total_seconds(),
            command_timeout=ANSWER_WITHIN.total_seconds(),
            statement_cache_size=0,  # what is asked once need not stay prepared
            server_settings={"application_name": name},
            **({"loop": way} if way else {}),
        )
    except TunnelFailed as failed:
        raise JobFailed.of(failed) from None
    except (OSError, asyncpg.ConnectionDoesNotExistError):
        if way and (why := await way.why()):
            raise JobFailed.of(why) from None
        raise


def _tls(target: Target) -> "ssl.SSLContext | str":
    if target.sslmode in ("disable", "prefer"):
        return target.sslmode  # asyncpg falls back to a connection in clear only for the word
    try:
        return tls_context(target) or "disable"
    except EgressRefused as refused:
        raise JobFailed.of(refused) from None
