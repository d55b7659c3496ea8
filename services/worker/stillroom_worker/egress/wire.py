"""The few messages of PostgreSQL's protocol 3.0 that a signing-in proxy must read and write.

Source of the shapes: the chapter "Message Formats" of PostgreSQL's documentation.
"""

import re
import struct
from collections.abc import Iterable, Mapping

SSL_REQUEST = 80877103
GSSENC_REQUEST = 80877104
CANCEL_REQUEST = 80877102
PROTOCOL_3 = 3

STARTUP_LIMIT = 10_000  # the server's own MAX_STARTUP_PACKET_LENGTH
MESSAGE_LIMIT = 65_536  # nothing before ReadyForQuery is longer

SSL_REQUEST_PACKET = struct.pack("!II", 8, SSL_REQUEST)
AUTHENTICATION_OK = b"R" + struct.pack("!II", 8, 0)
ASK_CLEARTEXT_PASSWORD = b"R" + struct.pack("!II", 8, 3)
READY_FOR_QUERY = b"Z\x00\x00\x00\x05"  # and one byte of transaction status
TERMINATE = b"X\x00\x00\x00\x04"


class ProtocolViolation(Exception):
    """The other side does not speak the protocol, or speaks it beyond the bounds."""


def message(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!I", len(body) + 4) + body


def startup(parameters: Mapping[str, str]) -> bytes:
    body = struct.pack("!I", PROTOCOL_3 << 16)
    for name, value in parameters.items():
        body += name.encode() + b"\0" + value.encode() + b"\0"
    body += b"\0"
    return struct.pack("!I", len(body) + 4) + body


def parse_startup(body: bytes) -> dict[str, str]:
    """Read the name-value pairs that follow the version of a StartupMessage."""
    if not body.endswith(b"\0"):
        raise ProtocolViolation("The start-up message does not end.")
    fields = body[:-1].split(b"\0")
    if fields[-1] == b"":
        fields.pop()
    if len(fields) % 2:
        raise ProtocolViolation("The start-up message has a name without a value.")
    try:
        texts = [field.decode() for field in fields]
    except UnicodeDecodeError:
        raise ProtocolViolation("The start-up message is not UTF-8.") from None
    return dict(zip(texts[::2], texts[1::2], strict=True))


def cancel_request(pid: int, secret: bytes) -> bytes:
    return struct.pack("!III", 12 + len(secret), CANCEL_REQUEST, pid) + secret


def backend_key(pid: int, secret: bytes) -> bytes:
    return message(b"K", struct.pack("!I", pid) + secret)


def negotiate_version(refused_options: Iterable[str]) -> bytes:
    """Say that 3.0 is spoken here, and which protocol options are not known."""
    options = list(refused_options)
    body = struct.pack("!II", PROTOCOL_3 << 16, len(options))
    return message(b"v", body + b"".join(option.encode() + b"\0" for option in options))


def error_response(sqlstate: str, text: str, hint: str = "") -> bytes:
    fields = {"S": "FATAL", "V": "FATAL", "C": sqlstate, "M": text}
    if hint:
        fields["H"] = hint
    body = b"".join(key.encode() + value.encode() + b"\0" for key, value in fields.items())
    return message(b"E", body + b"\0")


def parse_error(body: bytes) -> dict[str, str]:
    """Read an ErrorResponse; keys are the protocol's letters (C: SQLSTATE, M: message, D, H …)."""
    fields = [field for field in body.split(b"\0") if field]
    return {chr(field[0]): field[1:].decode(errors="replace") for field in fields}


def safe_options(options: str) -> str:
    """Keep the settings (`-c name=value`, `--name=value`) of a start-up `options`, drop other switches.

    A setting is what the session could SET by itself, and the server judges it by the user's rights. The
    other switches are a backend's command line (-O allows changing system tables, -W delays), nothing that
    a migration needs.
    """
    words = _split_options(options)
    kept: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        position += 1
        if word == "-c" and position < len(words):
            kept += [word, words[position]]
            position += 1
        elif (word.startswith("--") and "=" in word) or (word.startswith("-c") and len(word) > 2):
            kept.append(word)
    return " ".join(re.sub(r"([\\\s])", r"\\\1", word) for word in kept)


def _split_options(options: str) -> list[str]:
    """Split at white space, where a backslash takes the next character as it is (the server's own rule)."""
    words: list[str] = []
    word: list[str] | None = None
    characters = iter(options)
    for character in characters:
        if character.isspace():
            if word is not None:
                words.append("".join(word))
                word = None
            continue
        word = [] if word is None else word
        word.append(next(characters, "") if character == "\\" else character)
    if word is not None:
        words.append("".join(word))
    return words
