"""A real sshd on this machine, for whoever runs the tests: keys that may write, and keys that may only read."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from stillroom_worker.checkout import Credential

# Beside the usual places, wherever a person has unpacked it without installing it.
SSHD = shutil.which("sshd", path=f"/usr/sbin:/usr/local/sbin:{os.environ.get('PATH', '')}")
needs_sshd = pytest.mark.skipif(SSHD is None, reason="no sshd on this machine: apt-get install openssh-server")

# What a git host does with a key that was stored without write access, and in which words.
_READER = """#!/bin/sh
case "$SSH_ORIGINAL_COMMAND" in
git-upload-pack*) exec git shell -c "$SSH_ORIGINAL_COMMAND" ;;
*)
    echo "ERROR: The key you are authenticating with has been marked as read only." >&2
    exit 1
    ;;
esac
"""


@dataclass
class SshServer:
    """Where it listens, and the private keys that it lets in."""

    port: int
    private_key: str
    reading_key: str
    host_key: str
    user: str
    pid: int = 0

    def break_off(self) -> None:
        """Dies, and with it everything that it does for those who are connected."""
        for pid in [self.pid, *descendants(self.pid)]:
            os.kill(pid, signal.SIGKILL)

    @property
    def known_hosts(self) -> str:
        """Its line under the name git.invalid."""
        return f"[git.invalid]:{self.port} {self.host_key}"

    def credential(self, **changes: str) -> Credential:
        """Who may write."""
        values = {"ssh_private_key": self.private_key, "known_hosts": self.known_hosts} | changes
        return Credential(**values)


def make_key(path: Path) -> Path:
    """A new key pair; the public half stands beside it."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    return path


@contextmanager
def serving_ssh(folder: Path, *more: str) -> Iterator[SshServer]:
    """Serves this machine's files to its two keys. Needs no root: it signs in to the account that runs it.

    `more` are lines of its configuration.
    """
    assert SSHD
    folder.mkdir(mode=0o700)
    host, user, reader = (make_key(folder / name) for name in ("host", "user", "reader"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = folder / "read-only"
    script.write_text(_READER)
    script.chmod(0o700)
    keys = folder / "authorized_keys"
    limited = f'command="{script}",restrict {reader.with_suffix(".pub").read_text()}'
    keys.write_text(user.with_suffix(".pub").read_text() + limited)
    lines = [
        f"Port {port}",
        "ListenAddress 127.0.0.1",
        "ListenAddress ::1",
        f"HostKey {host}",
        f"AuthorizedKeysFile {keys}",
    ]
    lines += ["StrictModes no", "UsePAM no", "PasswordAuthentication no", "PermitRootLogin yes", "PidFile none"]
    (folder / "config").write_text("\n".join([*more, *lines]) + "\n")
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    process = subprocess.Popen([SSHD, "-D", "-e", "-f", str(folder / "config")], stderr=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 10
        while not _listens(port) and time.monotonic() < deadline:
            time.sleep(0.02)
        public = " ".join(host.with_suffix(".pub").read_text().split()[:2])
        name = pwd.getpwuid(os.getuid()).pw_name
        yield SshServer(port, user.read_text(), reader.read_text(), public, name, process.pid)
    finally:
        process.terminate()
        process.wait()


def descendants(pid: int, name: str = "") -> list[int]:
    """Every process below this one, or those whose program is called so."""
    parents: dict[int, tuple[int, str]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            head, _, rest = (entry / "stat").read_text().rpartition(")")
            parents[int(entry.name)] = int(rest.split()[1]), head.partition("(")[2]
    found, ahead = [], [pid]
    while ahead:
        above = ahead.pop()
        below = [one for one, (parent, _) in parents.items() if parent == above]
        found += [one for one in below if not name or parents[one][1] == name]
        ahead += below
    return found


def tunnels() -> list[int]:
    """Every ssh that this process started and that is still there."""
    return descendants(os.getpid(), "ssh")


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
