"""Files that hand a credential to git and ssh, and vanish with the fetch.

A secret never stands in an argv or an environment: both can be read by other processes of the machine.
The files are 0600 in a private folder, on memory where the system has it.
"""

from __future__ import annotations

import os
import shlex
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from stillroom_core.projects.git_address import GitUrl
from stillroom_worker.checkout.failure import CheckoutFailed
from stillroom_worker.checkout.known_hosts import known_hosts_for
from stillroom_worker.checkout.repository import Credential

_MEMORY = Path("/dev/shm")  # noqa: S108  only a private folder is made in it

# git asks "Username for 'https://host': " and "Password for 'https://user@host': ".
_ASKPASS = """#!/bin/sh
case "$1" in
  "Username for 'https://{place}'"*) exec cat {folder}/username ;;
  "Password for 'https://"*"@{place}'"*) exec cat {folder}/password ;;
esac
exit 1
"""

_SSH_OPTIONS = (
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "ForwardAgent=no",
    "ClearAllForwardings=yes",
    "PermitLocalCommand=no",
    "ProxyCommand=none",
    "ControlMaster=no",
    "ControlPath=none",
    "UpdateHostKeys=no",
    "PasswordAuthentication=no",
    "KbdInteractiveAuthentication=no",
    "ConnectTimeout=10",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=2",
    "LogLevel=ERROR",
)


@dataclass(frozen=True, kw_only=True)
class Handover:
    """Where git finds what it needs to sign in; `home` is a private folder for the length of the fetch."""

    home: Path
    askpass: Path | None = None
    ssh_command: str | None = None


@contextmanager
def handed_over(location: GitUrl, address: str | None, credential: Credential | None) -> Iterator[Handover]:
    """Write the credential's files for one fetch and remove them afterwards."""
    home = Path(tempfile.mkdtemp(prefix="stillroom-git-"))
    usable = _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK)
    private = Path(tempfile.mkdtemp(prefix="stillroom-git-", dir=_MEMORY if usable else None))
    try:
        if location.scheme == "https" and credential is not None and credential.password:
            yield Handover(home=home, askpass=_askpass(home, private, location, credential))
        elif location.scheme == "ssh":
            yield Handover(home=home, ssh_command=_ssh_command(private, location, address, credential))
        else:
            yield Handover(home=home)
    finally:
        shutil.rmtree(private, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def _askpass(home: Path, private: Path, location: GitUrl, credential: Credential) -> Path:
    # Tokens of the big hosts go with any user name; an empty one is refused.
    _write(private / "username", (credential.username or "git") + "\n")
    _write(private / "password", (credential.password or "") + "\n")
    place = location.url.removeprefix("https://").partition("/")[0]
    # The script stands apart from the secrets: memory file systems are often mounted noexec.
    script = home / "askpass"
    _write(script, _ASKPASS.format(place=place, folder=shlex.quote(str(private))), mode=0o700)
    return script


def _ssh_command(private: Path, location: GitUrl, address: str | None, credential: Credential | None) -> str:
    if credential is None or not credential.ssh_private_key:
        raise CheckoutFailed(
            "auth_refused",
            "An ssh address needs a deploy key",
            "The project has no private key stored.",
            "Store a deploy key as the project's credential, or use the https address.",
        )
    alias = location.host if location.port == 22 else f"[{location.host}]:{location.port}"
    key, hosts = private / "key", private / "known_hosts"
    # A key pasted from a form often lost its last line end or got Windows ones: ssh then cannot read it.
    _write(key, credential.ssh_private_key.replace("\r\n", "\n").strip() + "\n")
    _write(hosts, known_hosts_for(location.host, alias, credential.known_hosts))
    options = [*_SSH_OPTIONS, f"UserKnownHostsFile={hosts}", f"HostKeyAlias={alias}"]
    if address is not None:
        options.append(f"HostName={address}")
    words = ["ssh", "-F", "/dev/null", *(f"-o{option}" for option in options), "-i", str(key)]
    return shlex.join(words)


def _write(path: Path, text: str, mode: int = 0o600) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as file:
        file.write(text)
