"""TLS towards our own servers: what an address says of it, checked, and handed to the client that does not read it.

Those of Valkey read it themselves, Celery's by its transports (jobs/transport). asyncpg reads what libpq calls `ssl…`
only from an address that it is given whole, and SQLAlchemy takes that apart.
"""

import os
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

# Paths of PEM files, as the query of an address names them: who is believed, and who we are.
FILES = ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")
_ENCRYPTED = ("rediss", "amqps")
# The same for PostgreSQL, as libpq has it: how much is verified, and the files.
_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_POSTGRES_FILES = ("sslrootcert", "sslcert", "sslkey")


def check(setting: str, url: str) -> None:
    """Raises ValueError that names the setting, the fault and what to do, and never the address."""
    parts = urlsplit(url)
    files = {name: value for name, value in parse_qsl(parts.query, keep_blank_values=True) if name.startswith("ssl_")}
    if files and parts.scheme not in _ENCRYPTED:
        raise ValueError(f"{setting} names certificates without TLS: begin it with rediss:// or amqps://")
    if unknown := sorted(set(files) - set(FILES)):
        raise ValueError(
            f"{setting} has {', '.join(unknown)}: only {', '.join(FILES)} are known; the server's certificate and name "
            "are always verified"
        )
    if ("ssl_certfile" in files) != ("ssl_keyfile" in files):
        raise ValueError(f"{setting} needs ssl_certfile and ssl_keyfile together")
    _check_files(setting, files)


def check_postgres(setting: str, url: str) -> None:
    """The same for an address of PostgreSQL."""
    given = dict(parse_qsl(urlsplit(url).query, keep_blank_values=True))
    mode = given.get("sslmode", "prefer")
    if mode not in _MODES:
        raise ValueError(f"{setting} has an unknown sslmode: one of {', '.join(_MODES)}")
    files = {name: value for name, value in given.items() if name in _POSTGRES_FILES}
    if files and mode not in _MODES[3:]:
        raise ValueError(f"{setting} names certificates that sslmode={mode} may leave aside: take verify-full")
    if ("sslcert" in files) != ("sslkey" in files):
        raise ValueError(f"{setting} needs sslcert and sslkey together")
    _check_files(setting, files)


def _check_files(setting: str, files: dict[str, str]) -> None:
    for name, path in files.items():
        if not Path(path).is_file() or not os.access(path, os.R_OK):
            raise ValueError(f"{setting}: {name} is no file that this process can read: {path!r}")


def for_asyncpg(url: str) -> tuple[str, dict[str, Any]]:
    """The address without what it says of TLS, and that as asyncpg's `connect` wants it; libpq's meanings hold."""
    plain, given = _taken(url, ("sslmode", *_POSTGRES_FILES))
    if not given:
        return url, {}
    mode = given.get("sslmode", "prefer")
    if mode not in _MODES[3:]:
        return plain, {"ssl": mode}  # asyncpg falls back to a connection in clear only for the word
    context = ssl.create_default_context(cafile=given.get("sslrootcert"))
    context.check_hostname = mode == "verify-full"
    if mode == "require" and "sslrootcert" not in given:
        context.verify_mode = ssl.CERT_NONE
    if "sslcert" in given:
        context.load_cert_chain(given["sslcert"], given["sslkey"])
    return plain, {"ssl": context}


def _taken(url: str, names: tuple[str, ...]) -> tuple[str, dict[str, str]]:
    """An address without these parts of its query, and the parts."""
    before, _, text = url.partition("?")
    query = parse_qsl(text, keep_blank_values=True)
    rest = urlencode([pair for pair in query if pair[0] not in names])
    return f"{before}?{rest}" if rest else before, {name: value for name, value in query if name in names}


def told(cause: BaseException) -> str:
    """Why a server does not answer: what is wrong with its certificate, else the class of what the driver met.

    Its words are left out: they may hold an address or a password.
    """
    for error in _chain(cause):
        if isinstance(error, ssl.SSLCertVerificationError):
            return f"its certificate is refused: {error.verify_message.rstrip('.')}"
        if isinstance(error, ssl.SSLError):
            return f"no TLS came about: {error.reason or type(error).__name__}"
    original = getattr(cause, "orig", None)  # SQLAlchemy's errors keep the driver's own there
    return type(getattr(original, "__cause__", None) or original or cause).__name__


def _chain(cause: BaseException) -> Iterator[BaseException]:
    at: BaseException | None = cause
    seen: set[int] = set()
    while at is not None and id(at) not in seen:
        yield at
        seen.add(id(at))
        at = at.__cause__ or at.__context__
