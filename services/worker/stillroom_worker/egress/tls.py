"""TLS on both sides of the proxy: what a database's sslmode means, and what a job's own code is shown.

One answer to the first for the proxy and for connections of our own. The second is a certificate of our own making:
code that insists on TLS gets it, although the few centimetres inside a sandbox need none.
"""

import os
import ssl
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from stillroom_worker.egress.target import EgressRefused, Target


class HostContext(ssl.SSLContext):
    """A context that checks certificates against one host, whatever address the connection goes to.

    Drivers are given the addresses that were judged, never the name; but the name is what a certificate is for.
    """

    host: str

    def wrap_bio(self, incoming: Any, outgoing: Any, server_side: bool = False, *_: Any, **__: Any) -> ssl.SSLObject:
        return super().wrap_bio(incoming, outgoing, server_side, self.host)


def tls_context(target: Target) -> HostContext | None:
    """The context for a target, or None for no TLS; the names mean what they mean to libpq.

    As there, `require` with a CA certificate verifies the chain: who gave a certificate wants it used. Raises
    EgressRefused where one of the certificates is none.
    """
    if target.sslmode == "disable":
        return None
    context = HostContext(ssl.PROTOCOL_TLS_CLIENT)
    context.host = target.host
    context.check_hostname = target.sslmode == "verify-full"
    if target.client_pem:
        _take_client_certificate(context, target.client_pem, target.client_key)
    verified = target.sslmode in ("verify-ca", "verify-full")
    verified = verified or (target.sslmode == "require" and target.ca_pem is not None)
    if not verified:
        context.verify_mode = ssl.CERT_NONE
        return context
    context.verify_mode = ssl.CERT_REQUIRED
    try:
        context.load_verify_locations(cadata=target.ca_pem) if target.ca_pem else context.load_default_certs()
    except (ssl.SSLError, ValueError):
        raise EgressRefused(
            "bad_ca",
            "The CA certificate of the database's settings is not a PEM certificate.",
            fix="Paste the CA certificate in PEM form.",
        ) from None
    return context


def _take_client_certificate(context: ssl.SSLContext, certificate: str, key: str) -> None:
    try:
        _load_pair(context, certificate.encode(), key.encode())
    except (ssl.SSLError, ValueError) as cause:  # what OpenSSL thinks too weak nobody noticed at entry
        raise EgressRefused(
            "bad_client_certificate",
            "The client certificate of the database's settings cannot be used.",
            detail=str(getattr(cause, "reason", "") or ""),
            fix="Have one made with a longer key and a newer signature, or enter certificate and key again.",
        ) from None


@lru_cache(maxsize=1)
def inside_context() -> ssl.SSLContext:
    """What a job's clients meet: a certificate that this process signed itself, made when the first of them asks."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the job's way to its database")])
    moment = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=3650))
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _load_pair(
        context,
        certificate.public_bytes(serialization.Encoding.PEM),
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()),
    )
    return context


def _load_pair(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    """Python loads a key from a file only: this one is in memory alone, and gone at the end."""
    with os.fdopen(os.memfd_create("pair"), "wb") as file:
        file.write(key + b"\n" + certificate)
        file.flush()
        context.load_cert_chain(f"/proc/self/fd/{file.fileno()}")
