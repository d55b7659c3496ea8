"""Host keys of SSH servers: read however they were pasted, and shown so that people can compare them."""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from stillroom_core.errors import Invalid

MOST_HOST_KEYS = 5
# The kind of a key, by the type that it names itself; the file in which sshd keeps it has the same word.
_KINDS = {
    "ssh-ed25519": "ed25519",
    **{f"ecdsa-sha2-nistp{bits}": "ecdsa" for bits in (256, 384, 521)},
    "ssh-rsa": "rsa",
}
_TYPES = frozenset({*_KINDS, "sk-ssh-ed25519@openssh.com", "sk-ecdsa-sha2-nistp256@openssh.com"})
_LONGEST = 2000


@dataclass(frozen=True)
class HostKey:
    """One key as people compare it: `line` is what is pinned, `compare` the command for it on the server itself."""

    type: str
    fingerprint: str
    line: str
    compare: str


def read_host_keys(given: str) -> str:
    """Lines of `type base64`, from those of ssh-keyscan, of known_hosts or of a host's .pub file; else Invalid."""
    lines = [line for line in (line.strip() for line in given.splitlines()) if line and not line.startswith("#")]
    found = [_host_key(line.split()) for line in lines]
    if not found or len(found) > MOST_HOST_KEYS:
        raise _no_host_key()
    return "\n".join(dict.fromkeys(found))


def shown_host_keys(scanned: str) -> list[HostKey]:
    """The keys in what ssh-keyscan printed, the one to prefer first; what is none is left out."""
    found: dict[str, HostKey] = {}
    for line in scanned.splitlines():
        try:
            pinned = read_host_keys(line)
        except Invalid:
            continue
        kind = _KINDS.get(name := pinned.split()[0])
        if kind is not None:
            compare = f"ssh-keygen -lf /etc/ssh/ssh_host_{kind}_key.pub"
            found.setdefault(name, HostKey(name, fingerprints(pinned)[0], pinned, compare))
    return [found[name] for name in _KINDS if name in found]


def fingerprints(host_key: str) -> list[str]:
    """What people compare, one of each line: `SHA256:` and 43 characters."""
    return [_fingerprint(base64.b64decode(line.split()[1])) for line in host_key.splitlines()]


def _fingerprint(blob: bytes) -> str:
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _host_key(words: list[str]) -> str:
    at = next((at for at, word in enumerate(words) if word in _TYPES), None)
    if at is None or at + 1 >= len(words):
        raise _no_host_key()
    kind, content = words[at], words[at + 1]
    try:
        blob = base64.b64decode(content, validate=True)
    except binascii.Error:
        raise _no_host_key() from None
    # A key names its own type in front, after four bytes of length.
    if len(content) > _LONGEST or blob[4 : 4 + len(kind)] != kind.encode():
        raise _no_host_key()
    return f"{kind} {content}"


def _no_host_key() -> Invalid:
    return Invalid(
        "tunnel_host_key_bad",
        "The host key is not an SSH server's public key.",
        fix="Let Stillroom ask the server for it, or paste a line such as `ssh-ed25519 AAAA…`: what ssh-keyscan "
        "prints, or a file ssh_host_*_key.pub of the server. Compare it with what its owner says.",
        fields={"tunnel.host_key": "not a host key"},
    )
