"""The words for why a connection did not come about, shown to the driver and to people alike."""

import os
import ssl
from dataclasses import dataclass

from stillroom_worker.egress import wire
from stillroom_worker.egress.target import Target
from stillroom_worker.egress.tunnel_words import TunnelFailed

# pgbouncer, of a setting that the project's code gives on signing in.
_POOLER = "unsupported startup parameter"
_WRONG_PASSWORD = frozenset({"28P01", "28000"})


@dataclass(frozen=True, kw_only=True)
class Failure:
    """Why one connection did not come about; the same words that the driver was shown.

    `code` is one of wrong_token, auth_failed, connect_failed, tls_refused, certificate_distrusted, server_refused,
    method_refused, too_many_connections, timed_out, protocol, and those of tunnels.
    """

    code: str
    sqlstate: str
    message: str
    fix: str = ""


class UpstreamFailed(Exception):
    """A connection to the target failed; `response` is the server's own ErrorResponse where it gave one."""

    def __init__(self, failure: Failure, response: bytes | None = None) -> None:
        super().__init__(failure.message)
        self.failure = failure
        self.response = response


def wrong_token() -> Failure:
    return Failure(
        code="wrong_token",
        sqlstate="28P01",
        message="The password is not the one that this job was given.",
        fix="Let the project take its password from the environment's settings: {{password}} stands for it.",
    )


def too_many(limit: int) -> Failure:
    return Failure(
        code="too_many_connections",
        sqlstate="53300",
        message=f"This job already has {limit} connections to its database.",
        fix="Use a smaller pool, or NullPool, in env.py.",
    )


def certificate_distrusted() -> Failure:
    return Failure(
        code="certificate_distrusted",
        sqlstate="08001",
        message="The project's code checks the server's certificate, and inside the job it meets another one.",
        fix="Let it use sslmode=require at most in this environment. Set verify-full in the database's settings: "
        "the connection from Stillroom to the database is where the certificate is checked.",
    )


def unreachable(target: Target, error: Exception | None) -> Failure:
    reason = "no answer in time" if isinstance(error, TimeoutError) else _reason(error)
    return Failure(
        code="connect_failed",
        sqlstate="08001",
        message=f"The database server {target.host}:{target.port} cannot be reached: {reason}.",
        fix="Check host and port, and that the server's firewall lets the worker in.",
    )


def tls_refused(target: Target, reason: str) -> Failure:
    return Failure(
        code="tls_refused",
        sqlstate="08001",
        message=f"No TLS connection to {target.host} under sslmode={target.sslmode}: {reason}",
        fix="Check the sslmode and the certificates in the database's settings.",
    )


def server_said(body: bytes) -> Failure:
    fields = wire.parse_error(body)
    sqlstate, text = fields.get("C", "08004"), fields.get("M", "The server refused the connection.")
    if sqlstate in _WRONG_PASSWORD:
        fix = (
            "Check the client certificate in the database's settings: its CN must be the user's, or mapped to it."
            if "certificate" in text
            else "Check the user and the password in the database's settings."
        )
        return Failure(code="auth_failed", sqlstate=sqlstate, message=text, fix=fix)
    if _POOLER in text:
        fix = (
            "Give the direct address of the PostgreSQL server in the database's settings, or let the pooler pass it: "
            "ignore_startup_parameters of pgbouncer."
        )
        return Failure(code="server_refused", sqlstate=sqlstate, message=text, fix=fix)
    return Failure(code="server_refused", sqlstate=sqlstate, message=text, fix=fields.get("H", ""))


def method_refused(message: str) -> Failure:
    fix = "Use a SCRAM-SHA-256 or md5 password, or a password over TLS, for this user in pg_hba.conf."
    return Failure(code="method_refused", sqlstate="28000", message=message, fix=fix)


def tunnel_failed(why: TunnelFailed) -> Failure:
    return Failure(code=why.code, sqlstate="08001", message=f"{why.title} {why.detail}".strip(), fix=why.fix)


def broken_off(error: BaseException) -> Failure:
    reason = "it did not answer in time" if isinstance(error, TimeoutError) else str(error)
    return Failure(
        code="connect_failed",
        sqlstate="08001",
        message=f"The database server broke off while signing in: {reason}",
        fix="See the database server's log.",
    )


def _reason(error: Exception | None) -> str:
    if isinstance(error, OSError) and error.errno:
        return os.strerror(error.errno)  # asyncio's own text repeats the address
    return str(error or "it has no address")


def about_certificate(error: ssl.SSLCertVerificationError) -> str:
    return f"the server's certificate is not accepted ({error.verify_message})."
