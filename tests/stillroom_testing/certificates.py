"""Certificates of an authority that exists for one test."""

import datetime
import ipaddress

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Key = ec.EllipticCurvePrivateKey


class Authority:
    """Signs certificates; `pem` is its own."""

    def __init__(self, name: str = "Test CA") -> None:
        self._key, self._certificate = _signed(name, None, -1, 24)
        self.pem = _pem(self._certificate)

    def issue(self, name: str, *, begins_h: float = -1, ends_h: float = 24) -> tuple[str, str]:
        """A certificate for `name`, for 127.0.0.1 too, and its key; good from and until so many hours from now."""
        key, certificate = _signed(name, (self._key, self._certificate), begins_h, ends_h)
        return _pem(certificate), key_pem(key)


def key_pem(key: Key, passphrase: bytes | None = None) -> str:
    """The key as people have it in a file."""
    hidden = serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden).decode()


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


def _signed(
    name: str, issuer: tuple[Key, x509.Certificate] | None, begins_h: float, ends_h: float
) -> tuple[Key, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signer = issuer[0] if issuer else key
    alternatives = [x509.DNSName("db.test"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer[1].subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(hours=begins_h))
        .not_valid_after(now + datetime.timedelta(hours=ends_h))
        .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if issuer:
        builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
    return key, builder.sign(signer, hashes.SHA256())
