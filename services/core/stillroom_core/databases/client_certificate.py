"""The certificate with which we sign in to a database over TLS, and its key: looked at when they are entered.

A pair that cannot work is refused here, where somebody reads the words, and not at night in a job.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from sqlalchemy import func, select, update

from stillroom_core.database import Session
from stillroom_core.databases.models import Database
from stillroom_core.errors import Invalid
from stillroom_core.sealing import Address, seal, unseal
from stillroom_core.tables import now

# Long enough for whoever has to ask another department.
EXPIRES_SOON = timedelta(days=30)
_IN_CLEAR = frozenset({"disable", "prefer"})


def take_client_certificate(database: Database, changes: Mapping[str, Any]) -> None:
    """Puts `client_certificate` and `client_key` of `changes` into the row, the key sealed.

    Either may come alone, as when a certificate is renewed for the same key; no certificate is no key either.
    Raises Invalid where they do not belong together, cannot be used now, or would be sent nowhere.
    """
    if {"client_certificate", "client_key"} & changes.keys():
        certificate = changes.get("client_certificate", database.client_certificate)
        if certificate:
            key = changes.get("client_key") or client_key_of(database)
            database.client_certificate_expires_at = check_pair(certificate, key)
            database.client_certificate = certificate
            database.client_key_sealed = seal(client_key_address(database), key)
        else:
            database.client_certificate = database.client_certificate_expires_at = database.client_key_sealed = None
        database.client_certificate_told_at = None
    if database.client_certificate:
        check_sslmode(database.sslmode)


def check_pair(certificate: str, key: str) -> datetime:
    """When the certificate ends; raises Invalid where it, or its key, is of no use."""
    leaf = _leaf(certificate)
    if leaf.not_valid_after_utc <= now():
        raise Invalid(
            "client_certificate_expired",
            "The client certificate has expired.",
            detail=f"It was good until {leaf.not_valid_after_utc:%Y-%m-%d %H:%M} UTC.",
            fix="Have a new one made for this key, or for a new one.",
            fields={"client_certificate": "expired"},
        )
    if leaf.not_valid_before_utc > now():
        raise Invalid(
            "client_certificate_early",
            "The client certificate is not good yet.",
            detail=f"It begins at {leaf.not_valid_before_utc:%Y-%m-%d %H:%M} UTC.",
            fix="Enter it again then, or have one made that begins earlier.",
            fields={"client_certificate": "not valid yet"},
        )
    if _public(_private(key)) != _public(leaf):
        raise Invalid(
            "client_key_other",
            "The key does not belong to the client certificate.",
            fix="Enter the key that the certificate was made for; the certificate itself stands first, issuers after.",
            fields={"client_key": "of another certificate"},
        )
    return leaf.not_valid_after_utc


def check_sslmode(sslmode: str) -> None:
    """Raises Invalid where a connection may do without TLS, and so without the certificate."""
    if sslmode in _IN_CLEAR:
        raise Invalid(
            "client_certificate_in_clear",
            f"With sslmode {sslmode} a client certificate may not be asked for.",
            fix="Choose require, verify-ca or verify-full.",
            fields={"sslmode": "too weak for a client certificate"},
        )


def name_in(certificate: str) -> str:
    """Whom a certificate that was taken names: its subject."""
    return _leaf(certificate).subject.rfc4514_string()


def client_key_of(database: Database) -> str:
    """The key in clear, for the worker's own connections; never for the API."""
    return unseal(client_key_address(database), database.client_key_sealed) if database.client_key_sealed else ""


def client_key_address(database: Database) -> Address:
    """What the sealed key is bound to."""
    return Address(database.organization_id, database.id, "client_key")


async def take_expiring(session: Session) -> list[Database]:
    """The databases whose certificate ends soon and of which nobody was told; they count as told from now on."""
    ending = (
        select(Database.id)
        .where(
            Database.client_certificate_told_at.is_(None),
            Database.client_certificate_expires_at < func.now() + EXPIRES_SOON,
        )
        .limit(100)
        .with_for_update(skip_locked=True)
    )
    found = await session.scalars(
        update(Database)
        .where(Database.id.in_(ending))
        .values(client_certificate_told_at=func.now())
        .returning(Database)
        .execution_options(synchronize_session=False)
    )
    return list(found)


async def count_expiring(session: Session) -> int:
    """How many certificates end soon, or have ended."""
    soon = Database.client_certificate_expires_at < func.now() + EXPIRES_SOON
    return await session.scalar(select(func.count()).select_from(Database).where(soon)) or 0


def _leaf(certificate: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificates(certificate.encode())[0]
    except ValueError:
        raise Invalid(
            "client_certificate_bad",
            "The client certificate is not a certificate in PEM form.",
            fix="Paste everything from -----BEGIN CERTIFICATE----- on.",
            fields={"client_certificate": "not a PEM certificate"},
        ) from None


def _private(key: str) -> Any:
    if not key:
        raise Invalid(
            "client_key_missing",
            "A client certificate needs its key.",
            fix="Paste the key that belongs to it, from -----BEGIN PRIVATE KEY----- on.",
            fields={"client_key": "required with a certificate"},
        )
    try:
        return serialization.load_pem_private_key(key.encode(), password=None)
    except TypeError:  # it has a passphrase, which nobody could type in a job
        raise Invalid(
            "client_key_encrypted",
            "The key is encrypted with a passphrase.",
            fix="Take the passphrase off: openssl pkey -in client.key -out plain.key. Stillroom seals the key itself.",
            fields={"client_key": "encrypted"},
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise Invalid(
            "client_key_bad",
            "The key is not a private key in PEM form.",
            fix="Paste everything from -----BEGIN PRIVATE KEY----- on.",
            fields={"client_key": "not a PEM key"},
        ) from None


def _public(of: Any) -> bytes:
    found: bytes = of.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return found
