"""The SSH server through which an environment's databases are reached: looked at when it is entered.

Its key may be one that somebody brings, or one that is made here; either way its public half is shown, because that
is what the server's owner has to let in.
"""

from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

from stillroom_core.databases.service import check_place
from stillroom_core.environments.host_keys import read_host_keys
from stillroom_core.environments.models import Environment
from stillroom_core.errors import Invalid
from stillroom_core.sealing import Address, seal, unseal

_SHORTEST_RSA = 2048
_COMMENT = "stillroom"


async def check_tunnel_place(given: Mapping[str, Any] | None) -> None:
    """Raises Invalid where the SSH server is named as no host of elsewhere may be; its address is judged later."""
    if given is None:
        return
    try:
        await check_place(given["host"], given["port"], "")
    except Invalid as refused:
        raise Invalid(
            refused.code, refused.title, fix=refused.fix, fields={"tunnel.host": (refused.fields or {})["host"]}
        ) from None


def take_tunnel(environment: Environment, given: Mapping[str, Any] | None) -> None:
    """Puts {host, port, user, host_key, private_key} into the row, the key sealed; None ends the tunnel.

    Without a private key the stored one is kept, and where there is none one is made. Raises Invalid for a key or a
    host key that is none.
    """
    if given is None:
        environment.tunnel = environment.tunnel_key_sealed = None
        return
    host_key = read_host_keys(given["host_key"])
    public = (environment.tunnel or {}).get("public_key")
    text = given.get("private_key")
    if text or environment.tunnel_key_sealed is None or public is None:
        plain, public = key_pair(text)
        environment.tunnel_key_sealed = seal(tunnel_address(environment), plain)
    place = {name: given[name] for name in ("host", "port", "user")}
    environment.tunnel = {**place, "host_key": host_key, "public_key": public}


def key_pair(text: str | None) -> tuple[str, str]:
    """The private and the public half in OpenSSH's form: of the key that was brought, else of a new one.

    Raises Invalid for a text that is no usable key.
    """
    key = _private(text) if text else ed25519.Ed25519PrivateKey.generate()
    plain = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return plain.decode(), f"{public.decode()} {_COMMENT}"


def forget_tunnel_key(environment: Environment) -> None:
    """The tunnel stays without a key: its databases must not be looked for by the same names at another place."""
    if environment.tunnel is not None:
        environment.tunnel = {**environment.tunnel, "public_key": None}
    environment.tunnel_key_sealed = None


def tunnel_key_of(environment: Environment) -> str:
    """The key in clear, for the worker's own ssh; never for the API."""
    sealed = environment.tunnel_key_sealed
    return unseal(tunnel_address(environment), sealed) if sealed else ""


def tunnel_address(environment: Environment) -> Address:
    """What the sealed key is bound to."""
    return Address(environment.organization_id, environment.id, "tunnel_key")


def _private(text: str) -> ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey:
    """An OpenSSH or PEM key, however it was pasted."""
    content = (text.replace("\r\n", "\n").strip() + "\n").encode()
    openssh = b"BEGIN OPENSSH PRIVATE KEY" in content
    load = serialization.load_ssh_private_key if openssh else serialization.load_pem_private_key
    try:
        key = load(content, password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as cause:
        if isinstance(cause, TypeError) or "password" in str(cause).lower():
            raise Invalid(
                "tunnel_key_encrypted",
                "The SSH key is protected by a passphrase.",
                fix="Take the passphrase off a copy of it (ssh-keygen -p), or leave the key out: Stillroom makes one. "
                "Stillroom seals the key itself.",
                fields={"tunnel.private_key": "encrypted"},
            ) from None
        raise _no_key() from None
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < _SHORTEST_RSA:
        raise _no_key()
    if not isinstance(key, ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey):
        raise _no_key()
    return key


def _no_key() -> Invalid:
    return Invalid(
        "tunnel_key_unusable",
        "The SSH key is no private key of the kinds ed25519 or RSA.",
        fix="Paste the whole key file; an RSA key needs 2048 bits at least. Or leave it out: Stillroom makes one.",
        fields={"tunnel.private_key": "not a usable key"},
    )
