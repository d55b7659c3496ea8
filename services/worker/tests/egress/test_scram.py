"""SCRAM-SHA-256 against published vectors, and against servers that do not know the password."""

import asyncio
import struct
from pathlib import Path

import asyncpg
import pytest

from stillroom_worker.egress import DatabaseProxy, Target
from stillroom_worker.egress.scram import ScramClient, ScramFailed, saslprep

SERVER_FIRST = b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"


def exchange() -> ScramClient:
    """The exchange of RFC 7677, section 3, whose client nonce is fixed."""
    client = ScramClient("pencil")
    client._nonce = "rOprNGfwEbeRWgbNEkqO"
    client._first_bare = f"n=user,r={client._nonce}"
    return client


def test_the_vectors_of_rfc_7677_come_out() -> None:
    client = exchange()
    assert client.final(SERVER_FIRST).endswith(b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
    client.verify(b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=")


@pytest.mark.parametrize("final", [b"v=" + b"A" * 43 + b"=", b"v=", b"e=other-error", b"\xff"])
def test_a_server_that_cannot_prove_the_password_is_refused(final: bytes) -> None:
    client = exchange()
    client.final(SERVER_FIRST)
    with pytest.raises(ScramFailed):
        client.verify(final)


@pytest.mark.parametrize(
    "challenge",
    [
        b"r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        b"r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
        SERVER_FIRST.replace(b"4096", b"999999999999"),
        SERVER_FIRST.replace(b"4096", b"0"),
        b"e=whatever",
        b"\xff\xff",
    ],
)
def test_a_challenge_out_of_bounds_is_refused(challenge: bytes) -> None:
    with pytest.raises(ScramFailed):
        exchange().final(challenge)


@pytest.mark.parametrize(
    ("given", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("\u00e9\u0007", "\u00e9\u0007"),  # forbidden by RFC 4013: taken as it is
        ("\u0627\u0031", "\u0627\u0031"),
        ("\u00ad", "\u00ad"),
    ],
)
def test_passwords_are_prepared_as_postgresql_prepares_them(given: str, prepared: str) -> None:
    assert saslprep(given) == prepared


async def test_a_server_that_skips_its_proof_is_not_given_the_job(tmp_path: Path) -> None:
    async def impostor(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        (length,) = struct.unpack("!I", await reader.readexactly(4))
        await reader.readexactly(length - 4)
        writer.write(b"R" + struct.pack("!II", 23, 10) + b"SCRAM-SHA-256\0\0")
        await reader.readuntil(b"r=")
        nonce = await reader.read(24)
        challenge = b"r=" + nonce + b"x,s=AAAA,i=1"
        writer.write(b"R" + struct.pack("!II", 8 + len(challenge), 11) + challenge)
        await reader.readuntil(b"p=")
        writer.write(b"R" + struct.pack("!II", 8, 0) + b"Z\0\0\0\x05I")

    listener = await asyncio.start_server(impostor, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    target = Target(host="127.0.0.1", port=port, database="d", user="u", password="p", sslmode="disable")
    async with DatabaseProxy(target, tmp_path, "token") as proxy:
        with pytest.raises(asyncpg.PostgresError, match="before it proved"):
            await asyncpg.connect(host=str(tmp_path), user="me", password="token")
        assert proxy.failures[0].code == "method_refused"
    listener.close()
