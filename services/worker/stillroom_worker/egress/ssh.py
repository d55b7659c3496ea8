"""What every ssh of ours is told: it asks nobody, uses what it is handed alone, and opens nothing on the way."""

import shutil

from stillroom_worker.egress.tunnel_words import TunnelFailed

_PATH = "/usr/local/bin:/usr/bin:/bin"

# The first mention of an option counts for ssh: whoever needs another value says it before these.
SSH_OPTIONS = (
    "BatchMode=yes",
    "StrictHostKeyChecking=yes",
    "GlobalKnownHostsFile=/dev/null",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "ForwardAgent=no",
    "ClearAllForwardings=yes",
    "ForwardX11=no",
    "Tunnel=no",
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


def ssh_program(name: str) -> list[str]:
    """The words that start a program of OpenSSH's, one that dies with us; raises TunnelFailed where it is missing.

    A worker that is killed closes its end, but a server that is at work would keep ssh until it has an answer.
    """
    program = shutil.which(name, path=_PATH)
    if program is None:
        raise TunnelFailed(
            "tunnel_no_ssh",
            "Stillroom has no ssh to make the tunnel with.",
            fix="Ask the operator to install openssh-client where the workers and the reader run.",
        )
    setpriv = shutil.which("setpriv", path=_PATH)
    return [setpriv, "--pdeathsig=KILL", "--", program] if setpriv else [program]
