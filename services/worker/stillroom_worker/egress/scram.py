"""SCRAM-SHA-256 (RFC 5802, RFC 7677) as a client, with the server's signature checked."""

import base64
import binascii
import hashlib
import hmac
import secrets
import stringprep
import unicodedata

MECHANISM = "SCRAM-SHA-256"
# PostgreSQL's default is 4096. A hostile server could ask for hours of hashing; a million is half a second.
MAX_ITERATIONS = 1_000_000


class ScramFailed(Exception):
    """The server's part of the exchange is wrong: it does not know the password, or is not a server."""


class ScramClient:
    """One exchange: `first()`, then `final(server's first)`, then `verify(server's final)`."""

    def __init__(self, password: str) -> None:
        self._password = saslprep(password).encode()
        self._nonce = base64.b64encode(secrets.token_bytes(18)).decode()
        # PostgreSQL takes the user from the StartupMessage and ignores the name here.
        self._first_bare = f"n=,r={self._nonce}"
        self._server_signature = b""

    def first(self) -> bytes:
        return f"n,,{self._first_bare}".encode()

    def final(self, server_first: bytes) -> bytes:
        """Answer the challenge. Costs the server's number of hashes: call it outside the event loop."""
        fields = _fields(server_first)
        try:
            nonce, salt = fields["r"], base64.b64decode(fields["s"], validate=True)
            iterations = int(fields["i"])
        except (KeyError, ValueError, binascii.Error):
            raise ScramFailed("The server's SCRAM challenge cannot be read.") from None
        if not nonce.startswith(self._nonce) or nonce == self._nonce:
            raise ScramFailed("The server's SCRAM nonce does not continue ours.")
        if not 1 <= iterations <= MAX_ITERATIONS:
            raise ScramFailed(f"The server asks for {iterations} SCRAM iterations.")
        salted = hashlib.pbkdf2_hmac("sha256", self._password, salt, iterations)
        without_proof = f"c=biws,r={nonce}"
        signed = f"{self._first_bare},{server_first.decode()},{without_proof}".encode()
        client_key = _hmac(salted, b"Client Key")
        signature = _hmac(hashlib.sha256(client_key).digest(), signed)
        proof = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        self._server_signature = _hmac(_hmac(salted, b"Server Key"), signed)
        return f"{without_proof},p={base64.b64encode(proof).decode()}".encode()

    def verify(self, server_final: bytes) -> None:
        """Check that the server knows the password too."""
        fields = _fields(server_final)
        try:
            signature = base64.b64decode(fields["v"], validate=True)
        except (KeyError, ValueError, binascii.Error):
            raise ScramFailed("The server did not prove that it knows the password.") from None
        if not self._server_signature or not hmac.compare_digest(signature, self._server_signature):
            raise ScramFailed("The server's SCRAM signature is wrong: it does not know the password.")


def saslprep(password: str) -> str:
    """Normalise as RFC 4013 says; what it forbids is taken as it is, which is what PostgreSQL does."""
    if password.isascii():
        return password
    mapped = "".join(
        " " if stringprep.in_table_c12(character) else character
        for character in password
        if not stringprep.in_table_b1(character)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    return password if not prepared or _forbidden(prepared) else prepared


def _forbidden(text: str) -> bool:
    tables = (
        stringprep.in_table_c12,
        stringprep.in_table_c21_c22,
        stringprep.in_table_c3,
        stringprep.in_table_c4,
        stringprep.in_table_c5,
        stringprep.in_table_c6,
        stringprep.in_table_c7,
        stringprep.in_table_c8,
        stringprep.in_table_c9,
        stringprep.in_table_a1,
    )
    if any(table(character) for character in text for table in tables):
        return True
    if not any(stringprep.in_table_d1(character) for character in text):
        return False
    # A text with right-to-left letters must begin and end with one, and hold no left-to-right letter.
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return not ends or any(stringprep.in_table_d2(character) for character in text)


def _fields(message: bytes) -> dict[str, str]:
    try:
        parts = message.decode("ascii").split(",")
    except UnicodeDecodeError:
        raise ScramFailed("The server's SCRAM message is not text.") from None
    return {part[0]: part[2:] for part in parts if part[1:2] == "="}


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")
