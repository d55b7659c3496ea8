"""Why a tunnel did not lead to its database: what ssh said, in our words. Its own text is never passed on."""

import re
from collections.abc import Callable

from stillroom_core.environments.host_keys import fingerprints
from stillroom_worker.egress.target import EgressRefused, Target, Tunnel

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
_ONWARDS = re.compile(r"open failed: connect failed: ([^\r\n]{0,200})")
_NO_NAME = re.compile(r"not known|name resolution|No address|nodename|non-recoverable failure", re.IGNORECASE)


class TunnelFailed(EgressRefused):
    """A connection through a tunnel did not come about."""


def explain(target: Target, words: str) -> TunnelFailed:
    """What an ssh that ended in error meant by `words`."""
    tunnel = target.tunnel
    assert tunnel is not None  # noqa: S101 - there was an ssh
    for sign, meaning in _MEANINGS:
        if re.search(sign, words):
            return meaning(target, tunnel, words)
    return _broke_off(target, tunnel, words)


def _host_key(_target: Target, tunnel: Tunnel, words: str) -> TunnelFailed:
    found = _FINGERPRINT.search(words)
    shown, pinned = found[0] if found else "", ", ".join(fingerprints(tunnel.host_key))
    return TunnelFailed(
        "tunnel_host_key",
        "The SSH server does not show the host key that is stored for it.",
        detail=f"{tunnel.host}:{tunnel.port} showed {shown}; {pinned} is stored."
        if shown
        else f"{tunnel.host}:{tunnel.port} showed another kind of key; {pinned} is stored.",
        fix="Ask the server's owner whether its key changed. If so, ask the server for its key in the form, "
        "compare, and save it.",
    )


def _key_refused(_target: Target, tunnel: Tunnel, _words: str) -> TunnelFailed:
    return TunnelFailed(
        "tunnel_key_refused",
        "The SSH server refused the user or the key.",
        detail=f"{tunnel.user}@{tunnel.host}:{tunnel.port}",
        fix="Check the user, and put the public key that the form shows into its authorized_keys.",
    )


def _forbidden(target: Target, tunnel: Tunnel, _words: str) -> TunnelFailed:
    return TunnelFailed(
        "tunnel_forbidden",
        "The SSH server does not allow the way to the database.",
        detail=f"{tunnel.host} refuses to connect to {target.host}:{target.port}.",
        fix="Allow it there: AllowTcpForwarding and PermitOpen in sshd_config, permitopen and port-forwarding in "
        "authorized_keys.",
    )


def _onwards(target: Target, tunnel: Tunnel, words: str) -> TunnelFailed:
    found = _ONWARDS.search(words)
    if _NO_NAME.search(found[1] if found else ""):
        return TunnelFailed(
            "tunnel_unknown_host",
            "The SSH server does not know the database's host name.",
            detail=f"{tunnel.host} looked for {target.host}.",
            fix="Enter the database's host as it is called there; a database on the SSH server itself is localhost.",
        )
    refused = "refused" in (found[1] if found else "")
    return TunnelFailed(
        "tunnel_no_database",
        "The SSH server does not reach the database.",
        detail=f"{target.host}:{target.port}: {'connection refused' if refused else 'no way there'}",
        fix="Check host and port, and that the database accepts connections from the SSH server.",
    )


def unreachable(tunnel: Tunnel, reason: str) -> TunnelFailed:
    """Nobody took the connection; `reason` is `connection refused` or `no answer`."""
    return TunnelFailed(
        "tunnel_unreachable",
        "The SSH server is not reachable.",
        detail=f"{tunnel.host}:{tunnel.port}: {reason}",
        fix="Check host and port of the SSH server, and that its firewall lets the worker in.",
    )


def _unreachable(_target: Target, tunnel: Tunnel, words: str) -> TunnelFailed:
    return unreachable(tunnel, "connection refused" if "refused" in words else "no answer")


def _bad_key(_target: Target, _tunnel: Tunnel, _words: str) -> TunnelFailed:
    return TunnelFailed(
        "tunnel_key_bad",
        "ssh cannot use the environment's key for the SSH server.",
        fix="Enter the key again, or let Stillroom make one.",
    )


def _broke_off(_target: Target, tunnel: Tunnel, _words: str) -> TunnelFailed:
    return TunnelFailed(
        "tunnel_broke",
        "The SSH server ended the tunnel.",
        detail=f"{tunnel.host}:{tunnel.port}",
        fix="See the log of the SSH server.",
    )


# The first that fits. A key that cannot be read is followed by the refusal of a sign-in without one.
_MEANINGS: tuple[tuple[str, Callable[[Target, Tunnel, str], TunnelFailed]], ...] = (
    (r"Host key verification failed|no matching host key type", _host_key),
    (r"(?m)^Load key ", _bad_key),
    (r"Permission denied|Too many authentication failures|No more authentication methods", _key_refused),
    (r"open failed: (administratively prohibited|unknown channel type)", _forbidden),
    (r"open failed: connect failed", _onwards),
    (r"(?m)^ssh: connect to host |Connection timed out|timed out during banner exchange", _unreachable),
)
